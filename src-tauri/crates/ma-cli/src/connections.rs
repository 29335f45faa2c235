//! `ma connections`.

use crate::{
    args::Connections as Command,
    door::Session,
    environment::Environment,
    failure::{Failure, exit},
    output::{Output, account},
};
use ma_protocol::{Connections, path};

pub(crate) fn run(
    command: &Command,
    environment: &Environment,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    match command {
        Command::List => list(environment, output),
    }
}

fn list(environment: &Environment, output: &mut Output<'_>) -> Result<u8, Failure> {
    let found: Connections = Session::open(environment)?.get(path::CONNECTIONS, 0)?;
    let ids: Vec<&str> = found.connections.iter().map(|c| c.id.as_str()).collect();
    let mut md: String = found.connections.iter().map(account).collect();
    if md.is_empty() {
        "No account is connected.".clone_into(&mut md);
    }
    output.answer(&found, &ids.join(" "), &md);
    Ok(exit::DONE)
}
