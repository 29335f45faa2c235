//! `ma auth`.

use crate::{
    args::Auth,
    door::{Door, Session, random},
    environment::Environment,
    failure::{Failure, exit},
    output::{Output, clean},
    store::{Store, Stored, Unfinished},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ma_protocol::{AgentKey, Connections, NewPairing, Pairing, PairingState, path};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    thread::sleep,
    time::{Duration, Instant},
};

const POLL: u64 = 25;

pub(crate) fn run(
    command: Auth,
    environment: &Environment,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    match command {
        Auth::Login { name, url } => login(&name, url.as_deref(), environment, output),
        Auth::Status => status(environment, output),
    }
}

fn login(
    name: &str,
    url: Option<&str>,
    environment: &Environment,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let door = match url {
        Some(url) => Door::at(url, environment)?,
        None => Door::open(None, environment)?,
    };
    let store = Store::open(environment)?;
    let install_id = door.install_id()?;
    if is_connected(&store, &door, &install_id, name, environment)? {
        return status(environment, output);
    }
    let (unfinished, pairing) = match resume(&store, &door, &install_id, name)? {
        Some(found) => found,
        None => ask(&store, &door, &install_id, name)?,
    };
    if pairing.state == PairingState::Waiting {
        output.note(&format!(
            "Code {}. Compare it with the one in the app, then confirm there.",
            pairing.code
        ));
    }
    let pairing = wait(&door, &install_id, pairing)?;
    finish(&store, unfinished, &pairing, output)
}

/// The key that is stored already works here: the human is not asked twice.
fn is_connected(
    store: &Store,
    door: &Door,
    install_id: &str,
    name: &str,
    environment: &Environment,
) -> Result<bool, Failure> {
    let Ok(Some(stored)) = store.agent() else {
        return Ok(false);
    };
    let same = environment.var("MA_TOKEN").is_none()
        && stored.url == door.base()
        && stored.name == name
        && AgentKey::parse(&stored.token).is_ok_and(|key| key.install_id() == install_id);
    if !same {
        return Ok(false);
    }
    match Session::open(environment)?.get::<Connections>(path::CONNECTIONS, 0) {
        Ok(_) => Ok(true),
        Err(failure) if failure.exit == exit::NOT_PAIRED => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// A request to connect that an earlier, interrupted login left.
fn resume(
    store: &Store,
    door: &Door,
    install_id: &str,
    name: &str,
) -> Result<Option<(Unfinished, Pairing)>, Failure> {
    let Ok(Some(unfinished)) = store.unfinished() else {
        return Ok(None);
    };
    let same = unfinished.url == door.base()
        && unfinished.name == name
        && AgentKey::parse(&unfinished.token).is_ok_and(|key| key.install_id() == install_id);
    if !same {
        return Ok(None);
    }
    match read(door, &unfinished.pairing, 0) {
        Ok(pairing) if matches!(pairing.state, PairingState::Waiting | PairingState::Paired) => {
            Ok(Some((unfinished, pairing)))
        }
        Ok(_) => Ok(None),
        Err(failure) if failure.exit == exit::USAGE => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn ask(
    store: &Store,
    door: &Door,
    install_id: &str,
    name: &str,
) -> Result<(Unfinished, Pairing), Failure> {
    let key = AgentKey::new(install_id, &URL_SAFE_NO_PAD.encode(random()?))
        .map_err(|_| door.stranger("its name is broken"))?;
    let wanted = NewPairing {
        name: name.to_owned(),
        key_sha256: hex::encode(Sha256::digest(key.expose())),
    };
    let pairing: Pairing = door.post(path::PAIRINGS, &wanted)?;
    if pairing.install_id != install_id {
        return Err(door.stranger("it is another installation now"));
    }
    let unfinished = Unfinished {
        url: door.base().to_owned(),
        token: key.expose().to_owned(),
        name: name.to_owned(),
        pairing: pairing.id.clone(),
        code: pairing.code.clone(),
    };
    store.keep_unfinished(&unfinished)?;
    Ok((unfinished, pairing))
}

fn wait(door: &Door, install_id: &str, mut pairing: Pairing) -> Result<Pairing, Failure> {
    while pairing.state == PairingState::Waiting {
        let asked = Instant::now();
        if door.install_id()? != install_id {
            return Err(door.stranger("it is another installation now"));
        }
        pairing = read(door, &pairing.id, POLL)?;
        // An app that cannot let us wait answers at once.
        if pairing.state == PairingState::Waiting && asked.elapsed() < Duration::from_secs(1) {
            sleep(Duration::from_secs(1));
        }
    }
    Ok(pairing)
}

fn read(door: &Door, id: &str, wait: u64) -> Result<Pairing, Failure> {
    door.get(
        &format!("{}/{}?wait={wait}", path::PAIRINGS, id_in_path(id)?),
        wait,
    )
}

fn finish(
    store: &Store,
    unfinished: Unfinished,
    pairing: &Pairing,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    match pairing.state {
        PairingState::Paired => {
            let name = clean(&unfinished.name);
            store.keep(&Stored {
                url: unfinished.url,
                token: unfinished.token,
                name: unfinished.name,
                agent: pairing.agent.clone(),
                key_expires_at: pairing.key_expires_at.clone(),
            })?;
            let agent = clean(pairing.agent.as_deref().unwrap_or("?"));
            let until = clean(pairing.key_expires_at.as_deref().unwrap_or("?"));
            let md = format!(
                "Connected as {name} ({agent}). The key works until {until}.\nnext: See what you can do with: ma connections list"
            );
            output.answer(pairing, &agent, &md);
            Ok(exit::DONE)
        }
        PairingState::Refused => {
            store.drop_unfinished()?;
            Err(Failure::new(
                exit::REJECTED,
                "pairing_refused",
                "The human refused to connect this agent.",
                "Do not ask again by yourself; talk to the human first.",
            ))
        }
        PairingState::Expired | PairingState::Waiting => {
            store.drop_unfinished()?;
            Err(Failure::new(
                exit::EXPIRED,
                "pairing_expired",
                "Nobody confirmed the code in time.",
                "Tell the human, then run ma auth login again while the app is open.",
            ))
        }
    }
}

fn status(environment: &Environment, output: &mut Output<'_>) -> Result<u8, Failure> {
    #[derive(Serialize)]
    struct Status<'a> {
        paired: bool,
        url: &'a str,
        name: Option<&'a str>,
        key_expires_at: Option<&'a str>,
    }
    let session = match Session::open(environment) {
        Ok(session) => session,
        Err(failure) if failure.code == "not_paired" => {
            return Err(unfinished_login(environment).unwrap_or(failure));
        }
        Err(failure) => return Err(failure),
    };
    let _: Connections = session.get(path::CONNECTIONS, 0)?;
    let status = Status {
        paired: true,
        url: session.url(),
        name: session.name.as_deref(),
        key_expires_at: session.key_expires_at.as_deref(),
    };
    let mut md = format!("Connected to {}", clean(session.url()));
    if let Some(name) = status.name {
        let _ = write!(md, " as {}", clean(name));
    }
    if let Some(until) = status.key_expires_at {
        let _ = write!(md, ", until {}", clean(until));
    }
    output.answer(&status, "", &(md + "."));
    Ok(exit::DONE)
}

fn unfinished_login(environment: &Environment) -> Option<Failure> {
    let unfinished = Store::open(environment).ok()?.unfinished().ok()??;
    Some(Failure::new(
        exit::NOT_PAIRED,
        "not_paired",
        format!(
            "A request to connect waits for the human, code {}.",
            clean(&unfinished.code)
        ),
        &format!(
            "Run ma auth login --name {} again to go on.",
            clean(&unfinished.name)
        ),
    ))
}

/// An id as part of a path.
pub(crate) fn id_in_path(id: &str) -> Result<&str, Failure> {
    if !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        Ok(id)
    } else {
        Err(Failure::usage("bad_id", "Ids look like p-0123456789abc."))
    }
}
