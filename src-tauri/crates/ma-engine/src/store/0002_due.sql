-- What is due is found without reading what only waits.
CREATE INDEX proposal_by_expiry ON proposal (expires) WHERE state = 'pending';
CREATE INDEX proposal_by_leaving ON proposal (leaves) WHERE state = 'held';
