//! The agent's key.

use std::fmt;

const PREFIX: &str = "ma1";
const INSTALL_ID_LEN: usize = 32;
const SECRET_LEN: usize = 43;

/// An agent's key: `ma1.<installation>.<43 characters of base64url>`.
///
/// The agent makes it and keeps it. At pairing the server learns only the SHA-256 of this text.
/// The installation inside lets a client know whom it may send the key to.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentKey(String);

/// The text is not an agent's key. It says nothing about the text, which may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKey;

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an agent key looks like ma1.<32 hex digits>.<43 characters>")
    }
}

impl std::error::Error for BadKey {}

impl AgentKey {
    /// Makes a key of an installation's id and 32 random bytes in base64url without padding.
    pub fn new(install_id: &str, secret: &str) -> Result<Self, BadKey> {
        Self::parse(&format!("{PREFIX}.{install_id}.{secret}"))
    }

    /// Reads a key.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut parts = text.split('.');
        let fits = parts.next() == Some(PREFIX)
            && parts.next().is_some_and(is_install_id)
            && parts.next().is_some_and(is_secret)
            && parts.next().is_none();
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadKey)
        }
    }

    /// The installation that the key is for.
    pub fn install_id(&self) -> &str {
        self.0.split('.').nth(1).unwrap_or_default()
    }

    /// The whole key. It goes into the `Authorization` header and into the key file, nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentKey({PREFIX}.{}.…)", self.install_id())
    }
}

fn is_install_id(text: &str) -> bool {
    text.len() == INSTALL_ID_LEN
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_secret(text: &str) -> bool {
    text.len() == SECRET_LEN
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALL: &str = "0123456789abcdef0123456789abcdef";
    const SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-";

    #[test]
    fn a_key_names_its_installation() {
        let key = AgentKey::new(INSTALL, SECRET).unwrap();
        assert_eq!(key.install_id(), INSTALL);
        assert_eq!(AgentKey::parse(key.expose()), Ok(key));
    }

    #[test]
    fn a_key_is_not_printed_by_debug() {
        let key = AgentKey::new(INSTALL, SECRET).unwrap();
        assert!(!format!("{key:?}").contains(SECRET));
    }

    #[test]
    fn a_text_of_another_shape_is_no_key() {
        for text in [
            "",
            "ma1",
            &format!("ma2.{INSTALL}.{SECRET}"),
            &format!("ma1.{INSTALL}.{SECRET}A"),
            &format!("ma1.{INSTALL}.{SECRET}.x"),
            &format!("ma1.{}.{SECRET}", INSTALL.to_uppercase()),
            &format!(" ma1.{INSTALL}.{SECRET}"),
            &format!("ma1.{INSTALL}.{}", SECRET.replace('-', "+")),
        ] {
            assert_eq!(AgentKey::parse(text), Err(BadKey), "{text}");
        }
    }
}
