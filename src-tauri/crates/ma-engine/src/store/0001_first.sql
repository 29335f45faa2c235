-- The log: canonical JSON entries and the stored hashes of their Merkle tree (RFC 6962).
CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  proposal TEXT,
  entry BLOB NOT NULL
) STRICT;
CREATE INDEX log_by_proposal ON log (proposal) WHERE proposal IS NOT NULL;
CREATE TABLE log_hash (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;

CREATE TABLE proposal (
  id TEXT PRIMARY KEY,
  agent TEXT NOT NULL,
  revises TEXT,
  verb TEXT NOT NULL,
  account TEXT NOT NULL,
  action BLOB NOT NULL,
  display BLOB NOT NULL,
  action_sha256 BLOB NOT NULL,
  display_sha256 BLOB NOT NULL,
  digest BLOB NOT NULL,
  summary TEXT NOT NULL,
  proposed INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  state TEXT NOT NULL,
  changed INTEGER NOT NULL,
  leaves INTEGER,
  prepared BLOB,
  approval_seq INTEGER,
  rejection TEXT,
  outcome BLOB,
  superseded_by TEXT
) STRICT;
CREATE INDEX proposal_open ON proposal (agent, state, action_sha256)
  WHERE state IN ('pending', 'held', 'executing', 'in_doubt');
CREATE INDEX proposal_by_agent ON proposal (agent, proposed DESC);
-- What is held leaves soon. What expires is looked for among the few that are open: an index of
-- its own would cost every proposal a page on the disk.
CREATE INDEX proposal_by_leaving ON proposal (leaves) WHERE state = 'held';
-- The history holds what has ended: a new proposal does not write into its order.
CREATE INDEX proposal_ended ON proposal (changed DESC, id)
  WHERE NOT (state IN ('pending', 'held', 'executing', 'in_doubt'));
CREATE INDEX proposal_in_doubt ON proposal (changed DESC) WHERE state = 'in_doubt';

CREATE TABLE blob (sha256 BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE agent (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  key_sha256 BLOB NOT NULL UNIQUE,
  paired INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER,
  last_used INTEGER
) STRICT;

CREATE TABLE account (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  address TEXT NOT NULL,
  name TEXT,
  host TEXT,
  port INTEGER,
  user TEXT,
  certificate TEXT,
  is_default INTEGER NOT NULL,
  connected INTEGER NOT NULL
) STRICT;

CREATE TABLE practice_mail (
  id INTEGER PRIMARY KEY,
  mailbox TEXT NOT NULL,
  message_id TEXT NOT NULL,
  raw BLOB NOT NULL,
  arrived INTEGER NOT NULL,
  UNIQUE (mailbox, message_id)
) STRICT;

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TRIGGER log_stands BEFORE DELETE ON log
  BEGIN SELECT RAISE(ABORT, 'the log stands'); END;
CREATE TRIGGER log_stands_as_written BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log stands'); END;
CREATE TRIGGER log_hash_stands BEFORE DELETE ON log_hash
  BEGIN SELECT RAISE(ABORT, 'the log stands'); END;
CREATE TRIGGER log_hash_stands_as_written BEFORE UPDATE ON log_hash
  BEGIN SELECT RAISE(ABORT, 'the log stands'); END;
CREATE TRIGGER checkpoint_stands BEFORE DELETE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'a checkpoint stands'); END;
CREATE TRIGGER checkpoint_stands_as_written BEFORE UPDATE ON checkpoint
  BEGIN SELECT RAISE(ABORT, 'a checkpoint stands'); END;
CREATE TRIGGER proposal_stands BEFORE DELETE ON proposal
  BEGIN SELECT RAISE(ABORT, 'a proposal stands'); END;
CREATE TRIGGER proposal_stands_as_written
  BEFORE UPDATE OF id, agent, revises, verb, account, action, display, action_sha256,
    display_sha256, digest, summary, proposed, expires ON proposal
  BEGIN SELECT RAISE(ABORT, 'a proposal stands'); END;
CREATE TRIGGER blob_stands BEFORE DELETE ON blob
  BEGIN SELECT RAISE(ABORT, 'an attachment stands'); END;
CREATE TRIGGER blob_stands_as_written BEFORE UPDATE ON blob
  BEGIN SELECT RAISE(ABORT, 'an attachment stands'); END;
CREATE TRIGGER agent_stands BEFORE DELETE ON agent
  BEGIN SELECT RAISE(ABORT, 'an agent stands'); END;
CREATE TRIGGER practice_mail_stands BEFORE DELETE ON practice_mail
  BEGIN SELECT RAISE(ABORT, 'a mail stands'); END;
CREATE TRIGGER practice_mail_stands_as_written BEFORE UPDATE ON practice_mail
  BEGIN SELECT RAISE(ABORT, 'a mail stands'); END;
