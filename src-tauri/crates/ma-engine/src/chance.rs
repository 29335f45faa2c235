//! Randomness, from the operating system.

use ma_core::{AgentId, PairingId, ProposalId};
use ma_receipt::base64url;

/// The system gives no randomness: nothing may be made without it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

pub(crate) fn secret() -> Result<String, NoRandomness> {
    Ok(base64url(&bytes::<32>()?))
}

pub(crate) fn proposal_id() -> Result<ProposalId, NoRandomness> {
    Ok(ProposalId::from_random(bytes()?))
}

pub(crate) fn agent_id() -> Result<AgentId, NoRandomness> {
    Ok(AgentId::from_random(bytes()?))
}

pub(crate) fn pairing_id() -> Result<PairingId, NoRandomness> {
    Ok(PairingId::from_random(bytes()?))
}

/// Four digits for two screens.
pub(crate) fn code() -> Result<String, NoRandomness> {
    Ok(format!("{:04}", u64::from_be_bytes(bytes()?) % 10_000))
}

const FIRST: [&str; 64] = [
    "amber", "ashen", "autumn", "birch", "blue", "bold", "brass", "bright", "bronze", "calm",
    "cedar", "chalk", "clear", "clever", "coastal", "copper", "coral", "crimson", "crystal",
    "dawn", "deep", "dusty", "early", "ember", "fern", "flint", "frosty", "gentle", "golden",
    "granite", "green", "hazel", "hidden", "hollow", "honey", "indigo", "iron", "ivory", "jade",
    "linen", "lively", "lunar", "maple", "marble", "mellow", "misty", "mossy", "noble", "northern",
    "olive", "opal", "pearl", "quiet", "rapid", "rustic", "sandy", "silver", "slate", "solar",
    "steady", "stone", "velvet", "violet", "winter",
];

const SECOND: [&str; 64] = [
    "acorn",
    "anchor",
    "badger",
    "beacon",
    "beaver",
    "bridge",
    "brook",
    "canoe",
    "canyon",
    "castle",
    "comet",
    "crane",
    "creek",
    "delta",
    "falcon",
    "feather",
    "ferry",
    "finch",
    "forest",
    "fountain",
    "fox",
    "garden",
    "glacier",
    "grove",
    "gull",
    "harbour",
    "heron",
    "hill",
    "island",
    "kettle",
    "kite",
    "lantern",
    "lark",
    "ledger",
    "lighthouse",
    "lynx",
    "meadow",
    "mill",
    "moon",
    "orchard",
    "otter",
    "owl",
    "path",
    "pebble",
    "pier",
    "pigeon",
    "pine",
    "plover",
    "pond",
    "quarry",
    "raven",
    "reef",
    "ridge",
    "river",
    "robin",
    "sail",
    "sparrow",
    "spruce",
    "star",
    "tide",
    "tower",
    "valley",
    "willow",
    "wren",
];

/// Two words for two screens: one of 4,096.
pub(crate) fn words() -> Result<String, NoRandomness> {
    let [a, b] = bytes::<2>()?;
    let pick = |list: &[&'static str; 64], byte: u8| {
        list.get(usize::from(byte % 64)).copied().unwrap_or("blank")
    };
    Ok(format!("{} {}", pick(&FIRST, a), pick(&SECOND, b)))
}
