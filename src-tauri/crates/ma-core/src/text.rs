//! Parsed text. Everything that an agent writes passes through one of these types once,
//! and is then known to be within bounds and free of characters that lie about themselves.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a field was refused: a stable code, a sentence, a next step.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {message}")]
pub struct Invalid {
    /// The field, as the agent wrote it, e.g. `to[2].address`.
    pub field: String,
    /// Stable, e.g. `control_character`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub next: &'static str,
}

impl Invalid {
    /// Puts the outer field's name before this one's.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.field = if self.field.is_empty() {
            outer.to_owned()
        } else {
            format!("{outer}.{}", self.field)
        };
        self
    }
}

pub(crate) fn invalid(code: &'static str, message: String, next: &'static str) -> Invalid {
    Invalid {
        field: String::new(),
        code,
        message,
        next,
    }
}

/// Characters that are not seen, or that turn the order of what is seen.
/// Unicode UTS 39 and UAX 9; the joiners that scripts need are in [`is_joiner`].
pub(crate) fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
        || is_noncharacter(c)
}

fn is_noncharacter(c: char) -> bool {
    let v = u32::from(c);
    (0xFDD0..=0xFDEF).contains(&v) || v & 0xFFFE == 0xFFFE
}

/// Invisible, but needed to write Persian, Hindi, Hebrew or an emoji family.
/// Allowed in running text, and marked where it is shown.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}'..='\u{200F}')
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Lines {
    One,
    Many,
}

pub(crate) fn check(text: &str, max: usize, lines: Lines, joiners: bool) -> Result<(), Invalid> {
    if text.len() > max {
        return Err(invalid(
            "too_long",
            format!("{} bytes are more than the {max} allowed", text.len()),
            "Shorten it.",
        ));
    }
    for c in text.chars() {
        let code = u32::from(c);
        if c.is_control() && !(lines == Lines::Many && (c == '\n' || c == '\t')) {
            return Err(invalid(
                "control_character",
                format!("it holds the control character U+{code:04X}"),
                "Remove it; a line ends with \\n alone, and only where text may have several lines.",
            ));
        }
        if is_deceptive(c) || (is_joiner(c) && !joiners) {
            return Err(invalid(
                "hidden_character",
                format!("it holds the invisible or direction-changing character U+{code:04X}"),
                "Remove it: a person could not see it.",
            ));
        }
    }
    Ok(())
}

/// A mail program shows an encoded word (RFC 2047) as what it stands for: a person would approve
/// one text, and the recipient read another.
fn no_encoded_word(text: &str) -> Result<(), Invalid> {
    if text.contains("=?") {
        return Err(invalid(
            "encoded_word",
            "it holds =?, which begins an encoded word in a mail".to_owned(),
            "Write the text itself; it is encoded for you.",
        ));
    }
    Ok(())
}

fn not_blank(text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(invalid(
            "empty",
            "it is empty".to_owned(),
            "Write something.",
        ));
    }
    if text.trim() != text {
        return Err(invalid(
            "surrounding_space",
            "it begins or ends with white space".to_owned(),
            "Trim it.",
        ));
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, |$value:ident| $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the text.
            pub fn parse(text: impl Into<String>) -> Result<Self, Invalid> {
                let text: String = text.into();
                let $value: &str = &text;
                $check?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;
            fn try_from(text: String) -> Result<Self, Invalid> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text!(
    /// A subject: one line, up to 900 bytes (RFC 5322 2.1.1 limits a line to 998). May be empty.
    SubjectLine, |t| check(t, 900, Lines::One, true).and_then(|()| no_encoded_word(t))
);
text!(
    /// The text of a mail: lines that end in `\n`, up to 1 MiB. May be empty.
    MailText, |t| check(t, 1 << 20, Lines::Many, true)
);
text!(
    /// Why an agent proposes, in its own words: up to 2,000 bytes. Never trusted.
    Reason, |t| check(t, 2_000, Lines::Many, true).and_then(|()| not_blank(t))
);
text!(
    /// What an agent calls itself: one line, up to 60 bytes.
    AgentName, |t| check(t, 60, Lines::One, false).and_then(|()| not_blank(t))
);
text!(
    /// The name before an address: one line, up to 200 bytes. A claim, not a destination.
    PersonName, |t| check(t, 200, Lines::One, false).and_then(|()| not_blank(t)).and_then(|()| no_encoded_word(t))
);
text!(
    /// A file name: one line, up to 200 bytes, no path.
    FileName, |t| check(t, 200, Lines::One, false).and_then(|()| not_blank(t)).and_then(|()| no_path(t)).and_then(|()| no_encoded_word(t))
);
text!(
    /// A media type (RFC 6838 4.2), lower case, without parameters: `application/pdf`.
    MediaType, |t| media_type(t)
);

fn no_path(text: &str) -> Result<(), Invalid> {
    if text.contains(['/', '\\', '"']) || text == "." || text == ".." {
        return Err(invalid(
            "not_a_file_name",
            "a file name holds no path and no quotation mark".to_owned(),
            "Give the last part of the path only.",
        ));
    }
    Ok(())
}

fn media_type(text: &str) -> Result<(), Invalid> {
    let token = |part: &str| {
        (1..=127).contains(&part.len())
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&-^_.+".contains(&b))
    };
    let fits = text
        .split_once('/')
        .is_some_and(|(top, sub)| token(top) && token(sub));
    // A multipart or message type would let a part speak as a whole mail.
    let nested = text.starts_with("multipart/") || text.starts_with("message/");
    if fits && !nested {
        Ok(())
    } else {
        Err(invalid(
            "media_type",
            "it is not a simple media type".to_owned(),
            "Write it like application/pdf, lower case, without parameters; use application/octet-stream if unsure.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EmailAddress;

    fn code<T: std::fmt::Debug>(result: Result<T, Invalid>) -> &'static str {
        result.unwrap_err().code
    }

    #[test]
    fn a_line_break_or_nul_is_refused_in_every_single_line() {
        for hostile in ["a\r\nBcc: x@y.test", "a\nb", "a\0b", "a\u{85}b", "a\rb"] {
            assert_eq!(code(SubjectLine::parse(hostile)), "control_character");
            assert_eq!(code(AgentName::parse(hostile)), "control_character");
            assert_eq!(code(PersonName::parse(hostile)), "control_character");
            assert_eq!(code(FileName::parse(hostile)), "control_character");
            assert_eq!(
                code(EmailAddress::parse(format!("{hostile}@x.test"))),
                "control_character"
            );
            assert_eq!(code(MediaType::parse(hostile)), "media_type");
        }
    }

    #[test]
    fn text_of_many_lines_keeps_newlines_and_tabs_but_no_carriage_return_or_nul() {
        assert!(MailText::parse("a\n\tb\n").is_ok());
        for hostile in ["a\r\nb", "a\0b", "\u{1b}[2J"] {
            assert_eq!(code(MailText::parse(hostile)), "control_character");
        }
    }

    #[test]
    fn what_a_person_cannot_see_is_refused() {
        for hidden in [
            '\u{202E}',
            '\u{2066}',
            '\u{200B}',
            '\u{FEFF}',
            '\u{E0041}',
            '\u{00AD}',
            '\u{2028}',
        ] {
            let text = format!("pay{hidden}pal");
            assert_eq!(code(SubjectLine::parse(text.clone())), "hidden_character");
            assert_eq!(code(MailText::parse(text.clone())), "hidden_character");
            assert_eq!(code(PersonName::parse(text.clone())), "hidden_character");
            assert_eq!(
                code(EmailAddress::parse(format!("{text}@x.test"))),
                "hidden_character"
            );
        }
    }

    #[test]
    fn what_a_mail_program_would_show_as_something_else_is_refused() {
        for text in ["=?utf-8?q?fake?=", "Hello =?utf-8?B?eA==?="] {
            assert_eq!(code(SubjectLine::parse(text)), "encoded_word");
            assert_eq!(code(PersonName::parse(text)), "encoded_word");
            assert_eq!(code(FileName::parse(text)), "encoded_word");
        }
    }

    #[test]
    fn joiners_that_scripts_need_stay_in_running_text_and_out_of_names() {
        assert!(MailText::parse("می\u{200C}خواهم").is_ok());
        assert!(SubjectLine::parse("👩\u{200D}🔬").is_ok());
        assert_eq!(code(PersonName::parse("a\u{200D}b")), "hidden_character");
    }

    #[test]
    fn a_media_type_cannot_be_a_whole_mail() {
        assert!(MediaType::parse("application/pdf").is_ok());
        for bad in [
            "text/plain; charset=utf-8",
            "multipart/mixed",
            "message/rfc822",
            "pdf",
            "A/B",
            "a/b/c",
        ] {
            assert_eq!(code(MediaType::parse(bad)), "media_type", "{bad}");
        }
    }
}
