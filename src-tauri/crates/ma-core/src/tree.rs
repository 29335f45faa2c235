//! The log's Merkle tree (RFC 6962 2.1), over hashes that somebody else stores.

use crate::Digest;
use thiserror::Error;
use tlog_tiles::{Hash, HashReader};

/// Reads stored hashes by their index (the numbering of `tlog_tiles::stored_hash_index`).
pub trait Hashes {
    /// The hashes at these indexes, in the order asked; `None` if one is missing.
    fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>>;
}

/// The tree cannot be read, or a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the log's tree: {0}")]
pub struct TreeError(String);

impl From<tlog_tiles::Error> for TreeError {
    fn from(error: tlog_tiles::Error) -> Self {
        Self(error.to_string())
    }
}

/// Size and root of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeRoot {
    /// Entries.
    pub size: u64,
    /// Root over them. For no entries: SHA-256 of nothing.
    pub hash: Digest,
}

struct Reader<'a, H: Hashes + ?Sized>(&'a H);

impl<H: Hashes + ?Sized> HashReader for Reader<'_, H> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let read = self
            .0
            .read(indexes)
            .ok_or(tlog_tiles::Error::IndexesNotInTree)?;
        Ok(read.iter().map(hash).collect())
    }
}

fn hash(digest: &Digest) -> Hash {
    Hash(*digest.as_bytes())
}

fn hashes(digests: &[Digest]) -> Vec<Hash> {
    digests.iter().map(hash).collect()
}

fn digests(hashes: Vec<Hash>) -> Vec<Digest> {
    hashes
        .into_iter()
        .map(|h| Digest::from_bytes(h.0))
        .collect()
}

/// The leaf hash of an entry's bytes.
pub fn leaf(entry: &[u8]) -> Digest {
    Digest::from_bytes(tlog_tiles::record_hash(entry).0)
}

/// The hashes to store when the entry number `n` (from 0) is appended, and the index of the first.
pub fn append<H: Hashes + ?Sized>(
    n: u64,
    entry: &[u8],
    stored: &H,
) -> Result<(u64, Vec<Digest>), TreeError> {
    let new = tlog_tiles::stored_hashes(n, entry, &Reader(stored))?;
    Ok((tlog_tiles::stored_hash_count(n), digests(new)))
}

/// The root over the first `size` entries.
pub fn root<H: Hashes + ?Sized>(size: u64, stored: &H) -> Result<TreeRoot, TreeError> {
    let hash = if size == 0 {
        Digest::of(b"")
    } else {
        Digest::from_bytes(tlog_tiles::tree_hash(size, &Reader(stored))?.0)
    };
    Ok(TreeRoot { size, hash })
}

/// A proof that entry `index` is in the log of that size (RFC 6962 2.1.1).
pub fn prove_inclusion<H: Hashes + ?Sized>(
    size: u64,
    index: u64,
    stored: &H,
) -> Result<Vec<Digest>, TreeError> {
    Ok(digests(tlog_tiles::prove_record(
        size,
        index,
        &Reader(stored),
    )?))
}

/// Checks that entry `index` with these bytes is in the log.
pub fn inclusion(
    proof: &[Digest],
    tree: TreeRoot,
    index: u64,
    entry: &[u8],
) -> Result<(), TreeError> {
    Ok(tlog_tiles::check_record(
        &hashes(proof),
        tree.size,
        hash(&tree.hash),
        index,
        tlog_tiles::record_hash(entry),
    )?)
}

/// A proof that the log of `size` begins with the log of `earlier` entries (RFC 6962 2.1.2).
pub fn prove_consistency<H: Hashes + ?Sized>(
    size: u64,
    earlier: u64,
    stored: &H,
) -> Result<Vec<Digest>, TreeError> {
    Ok(digests(tlog_tiles::prove_tree(
        size,
        earlier,
        &Reader(stored),
    )?))
}

/// Checks that a later log begins with an earlier one.
pub fn consistency(proof: &[Digest], later: TreeRoot, earlier: TreeRoot) -> Result<(), TreeError> {
    if earlier.size == 0 || earlier.size > later.size {
        return Err(TreeError(
            "the earlier log is empty or longer than the later one".to_owned(),
        ));
    }
    Ok(tlog_tiles::check_tree(
        &hashes(proof),
        later.size,
        hash(&later.hash),
        earlier.size,
        hash(&earlier.hash),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Memory(Vec<Digest>);

    impl Hashes for Memory {
        fn read(&self, indexes: &[u64]) -> Option<Vec<Digest>> {
            indexes
                .iter()
                .map(|i| self.0.get(usize::try_from(*i).ok()?).copied())
                .collect()
        }
    }

    fn log(entries: &[Vec<u8>]) -> Memory {
        let mut memory = Memory::default();
        for (n, entry) in entries.iter().enumerate() {
            let (at, new) = append(n as u64, entry, &memory).unwrap();
            assert_eq!(at, memory.0.len() as u64);
            memory.0.extend(new);
        }
        memory
    }

    proptest! {
        #[test]
        fn every_entry_proves_its_place_and_no_other_bytes_do(
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 1..40)
        ) {
            let memory = log(&entries);
            let tree = root(entries.len() as u64, &memory).unwrap();
            for (n, entry) in entries.iter().enumerate() {
                let proof = prove_inclusion(tree.size, n as u64, &memory).unwrap();
                prop_assert!(inclusion(&proof, tree, n as u64, entry).is_ok());
                let mut forged = entry.clone();
                forged.push(1);
                prop_assert!(inclusion(&proof, tree, n as u64, &forged).is_err());
            }
        }

        #[test]
        fn a_log_that_grew_is_consistent_and_one_that_changed_is_not(
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..8), 2..30),
            at in any::<prop::sample::Index>()
        ) {
            let memory = log(&entries);
            let later = root(entries.len() as u64, &memory).unwrap();
            let cut = at.index(entries.len() - 1) + 1;
            let earlier = root(cut as u64, &log(&entries[..cut])).unwrap();
            let proof = prove_consistency(later.size, cut as u64, &memory).unwrap();
            prop_assert!(consistency(&proof, later, earlier).is_ok());
            let mut changed = entries[..cut].to_vec();
            changed[0][0] ^= 1;
            let foreign = root(cut as u64, &log(&changed)).unwrap();
            prop_assert!(consistency(&proof, later, foreign).is_err());
        }
    }
}
