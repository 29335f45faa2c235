//! `ma queue`.

use crate::{
    args::Queue,
    auth::id_in_path,
    door::Session,
    environment::Environment,
    failure::{Failure, exit},
    output::{Output, line},
};
use ma_protocol::{Proposal, Proposals, Withdrawal, path};
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// Short enough that a proposal that came to be in doubt is told soon.
const POLL: u64 = 25;

pub(crate) fn run(
    command: Queue,
    environment: &Environment,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let session = Session::open(environment)?;
    match command {
        Queue::List { all, limit } => list(&session, all, limit, output),
        Queue::Get { id } => {
            let proposal = read(&session, &id, 0)?;
            output.proposal(&proposal, proposal.state.name());
            Ok(exit::DONE)
        }
        Queue::Wait { id, timeout } => {
            let proposal = wait(&session, &id, Some(timeout))?;
            output.proposal(&proposal, proposal.state.name());
            Ok(exit::of(proposal.state))
        }
        Queue::Withdraw { id } => {
            let path = format!("{}/{}/withdraw", path::PROPOSALS, id_in_path(&id)?);
            let proposal: Proposal = session.post(&path, &Withdrawal {})?;
            output.proposal(&proposal, proposal.state.name());
            Ok(exit::DONE)
        }
    }
}

/// Waits until waiting longer changes nothing, or `timeout` is over.
pub(crate) fn wait(
    session: &Session,
    id: &str,
    timeout: Option<Duration>,
) -> Result<Proposal, Failure> {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        let left = timeout.map(|t| t.saturating_sub(start.elapsed()));
        let seconds = left.map_or(POLL, |left| left.as_secs().min(POLL));
        let proposal = read(session, id, seconds)?;
        let over = left.is_some_and(|left| left.saturating_sub(asked.elapsed()).is_zero());
        if !proposal.state.is_moving() || over {
            return Ok(proposal);
        }
        // An app that cannot let us wait answers at once.
        if asked.elapsed() < Duration::from_secs(1) {
            sleep(Duration::from_secs(1).min(left.unwrap_or(Duration::MAX)));
        }
    }
}

fn read(session: &Session, id: &str, wait: u64) -> Result<Proposal, Failure> {
    let path = format!("{}/{}?wait={wait}", path::PROPOSALS, id_in_path(id)?);
    session.get(&path, wait)
}

fn list(session: &Session, all: bool, limit: u32, output: &mut Output<'_>) -> Result<u8, Failure> {
    let open = !all;
    let path = format!("{}?open={open}&limit={limit}", path::PROPOSALS);
    let found: Proposals = session.get(&path, 0)?;
    let ids: Vec<&str> = found.proposals.iter().map(|p| p.id.as_str()).collect();
    let mut md: String = found.proposals.iter().map(line).collect();
    if md.is_empty() {
        let nothing = if all {
            "You proposed nothing yet."
        } else {
            "Nothing of yours is open."
        };
        nothing.clone_into(&mut md);
    }
    output.answer(&found, &ids.join(" "), &md);
    Ok(exit::DONE)
}
