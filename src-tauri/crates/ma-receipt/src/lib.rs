//! Receipts, and the checks that need nothing but the receipt.
//!
//! The same checks run in three places: when a passkey has just signed, when an approved action
//! is about to run, and years later in `ma-verify`. There is no second implementation.

mod assertion;
mod checkpoint;
mod encoding;
mod keys;
mod mail;
mod receipt;
mod verdict;
mod verify;

pub use assertion::{AssertionError, RP_ID, Verified, in_words, relying_party, verify_assertion};
pub use checkpoint::{Proof, ProofError, origin, sign_checkpoint, verifier_key, verify_checkpoint};
pub use encoding::{base64, base64url, from_base64, from_base64url};
pub use keys::{KeyError, KeyRing};
pub use mail::{MailMismatch, mail_matches};
pub use receipt::{Attested, FORMAT, Receipt};
pub use verdict::{Check, Verdict};
pub use verify::verify;

pub mod cli;
