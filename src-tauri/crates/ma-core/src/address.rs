//! Where a mail goes.

use crate::text::{Invalid, Lines, PersonName, check, invalid};
use serde::{Deserialize, Serialize};

/// A mailbox address (RFC 5321 4.1.2 `Dot-string "@" Domain`), ASCII, at most 254 bytes,
/// the domain in lower case. An internationalised domain is written as `xn--` (RFC 5890).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Parses an address.
    pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
        let text: String = text.into();
        let bad = |message: &str| {
            invalid(
                "address",
                message.to_owned(),
                "Write one plain address like mara@practice.test; an international domain in its xn-- form.",
            )
        };
        if text.len() > 254 {
            return Err(bad("an address has at most 254 characters"));
        }
        check(&text, 254, Lines::One, false)?;
        if !text.is_ascii() {
            return Err(bad(
                "an address is written in ASCII: letters of other scripts can look like these",
            ));
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Err(bad("there is no @ in it"));
        };
        let atom = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        };
        if local.len() > 64 || !local.split('.').all(atom) {
            return Err(bad("the part before the @ is not a plain one"));
        }
        let label = |part: &str| {
            (1..=63).contains(&part.len())
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !domain.contains('.') || !domain.split('.').all(label) {
            return Err(bad("the part after the @ is not a domain"));
        }
        let domain = domain.to_ascii_lowercase();
        Ok(Self(format!("{local}@{domain}")))
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// Where a mail goes: the address, and a name that claims to belong to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// The destination.
    pub address: EmailAddress,
    /// The claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
}

impl Recipient {
    /// Reads `mara@practice.test` or `Mara Olsen <mara@practice.test>`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            None => Ok(Self {
                address: EmailAddress::parse(text)?,
                name: None,
            }),
            Some((name, address)) => {
                let name = name.trim().trim_matches('"').trim();
                Ok(Self {
                    address: EmailAddress::parse(address)?,
                    name: if name.is_empty() {
                        None
                    } else {
                        Some(PersonName::parse(name)?)
                    },
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_plain_destination() {
        for good in [
            "mara@practice.test",
            "a.b+c@x-y.test",
            "o'neil@xn--bcher-kva.test",
        ] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mara",
            "@x.test",
            "a@",
            "a@x",
            "a@@x.test",
            "a b@x.test",
            "a@x.test, b@x.test",
            "<a@x.test>",
            "a@-x.test",
            "a@x..test",
            ".a@x.test",
            "a@[127.0.0.1]",
            "\"a b\"@x.test",
            "p\u{430}ypal@x.test",
            "a@p\u{430}ypal.test",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            EmailAddress::parse("Mara@Practice.TEST").unwrap().as_str(),
            "Mara@practice.test"
        );
    }

    #[test]
    fn a_recipient_reads_a_name_before_the_address() {
        let read = Recipient::parse("Mara Olsen <mara@practice.test>").unwrap();
        assert_eq!(read.address.as_str(), "mara@practice.test");
        assert_eq!(read.name.unwrap().as_str(), "Mara Olsen");
        assert!(
            Recipient::parse("Mara <a@x.test> <b@x.test>")
                .is_ok_and(|r| r.address.as_str() == "b@x.test")
        );
        assert!(Recipient::parse("a@x.test>").is_err());
    }
}
