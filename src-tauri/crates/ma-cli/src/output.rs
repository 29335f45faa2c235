//! What is printed: short Markdown, or JSON.

use crate::{args::Format, failure::Failure};
use ma_protocol::{Connection, OutcomeResult, Proposal};
use serde::Serialize;
use std::{fmt::Write as _, io::Write};

pub(crate) struct Output<'a> {
    format: Format,
    quiet: bool,
    stdout: &'a mut dyn Write,
    stderr: &'a mut dyn Write,
}

impl<'a> Output<'a> {
    pub(crate) fn new(
        format: Format,
        quiet: bool,
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
    ) -> Self {
        Self {
            format,
            quiet,
            stdout,
            stderr,
        }
    }

    /// The answer: `brief` with `--quiet`, else `md` or JSON.
    pub(crate) fn answer(&mut self, value: &impl Serialize, brief: &str, md: &str) {
        let text = match (self.quiet, self.format) {
            (true, _) => clean(brief),
            (false, Format::Md) => md.to_owned(),
            (false, Format::Json) => json(value),
        };
        if !text.is_empty() {
            let _ = writeln!(self.stdout, "{}", text.trim_end_matches('\n'));
            let _ = self.stdout.flush();
        }
    }

    pub(crate) fn proposal(&mut self, proposal: &Proposal, brief: &str) {
        self.answer(proposal, brief, &block(proposal));
    }

    /// Something to know while the answer is not there yet.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = writeln!(self.stderr, "{}", clean(text));
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn failure(&mut self, failure: &Failure) {
        #[derive(Serialize)]
        struct Printed<'a> {
            code: &'a str,
            detail: &'a str,
            next: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            field: Option<&'a str>,
            exit: u8,
        }
        let text = match self.format {
            Format::Json => json(&Printed {
                code: &failure.code,
                detail: &failure.sentence,
                next: &failure.next,
                field: failure.field.as_deref(),
                exit: failure.exit,
            }),
            Format::Md => format!(
                "ma: {} [{}]\nNext: {}",
                clean(&failure.sentence),
                clean(&failure.code),
                clean(&failure.next)
            ),
        };
        let _ = writeln!(self.stderr, "{text}");
    }
}

/// One proposal in a few lines.
fn block(proposal: &Proposal) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} {}", clean(&proposal.id), proposal.state);
    let _ = writeln!(text, "{}", clean(&proposal.summary));
    let _ = writeln!(
        text,
        "fingerprint: {}, expires: {}",
        clean(&proposal.fingerprint),
        clean(&proposal.expires_at)
    );
    for (name, value) in [
        ("revises", &proposal.revises),
        ("superseded by", &proposal.superseded_by),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}: {}", clean(value));
        }
    }
    if let Some(rejection) = &proposal.rejection {
        let _ = writeln!(text, "reason: {}", clean_lines(&rejection.reason));
    }
    if let Some(outcome) = &proposal.outcome {
        let result = match outcome.result {
            OutcomeResult::Done => "done",
            OutcomeResult::NotDone => "not done",
            OutcomeResult::Unknown => "unknown",
        };
        let code = outcome.code.as_deref().map(|c| format!(" [{}]", clean(c)));
        let _ = writeln!(
            text,
            "outcome: {result}{}: {}",
            code.unwrap_or_default(),
            clean_lines(&outcome.detail)
        );
        if let Some(reference) = &outcome.reference {
            let _ = writeln!(text, "reference: {}", clean(reference));
        }
        if let Some(next) = &outcome.next {
            let _ = writeln!(text, "advice: {}", clean_lines(next));
        }
    }
    let _ = writeln!(text, "next: {}", clean(&proposal.next));
    text
}

/// One proposal in one line.
pub(crate) fn line(proposal: &Proposal) -> String {
    format!(
        "- {} {} {}\n",
        clean(&proposal.id),
        proposal.state,
        clean(&proposal.summary)
    )
}

/// One account in one line.
pub(crate) fn account(connection: &Connection) -> String {
    let default = if connection.default { ", default" } else { "" };
    format!(
        "- {} ({}{default}) {}: {}\n",
        clean(&connection.id),
        clean(&connection.kind),
        clean(&connection.address),
        clean(&connection.verbs.join(", "))
    )
}

/// One line without what a terminal would obey or what would turn the order of what is seen.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\n' | '\t') { ' ' } else { c })
        .filter(|c| !is_active(*c))
        .collect()
}

/// As [`clean`], but several lines. They are set in, so that none can pass for a line of ours.
fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines.join("\n  ")
}

fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// JSON in which what [`clean`] drops is written as an escape.
fn json(value: &impl Serialize) -> String {
    let mut out = String::new();
    for c in serde_json::to_string(value).unwrap_or_default().chars() {
        if is_active(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_not_printed() {
        assert_eq!(clean("a\u{1b}[2Jb\u{9b}c\u{202e}d\ne\r"), "a[2Jbcd e");
        assert_eq!(
            clean_lines("no\nnext: Resend it."),
            "no\n  next: Resend it."
        );
    }

    #[test]
    fn in_json_it_is_escaped_and_stays_the_same_text() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{E0041}é\n";
        let written = json(&text);
        assert!(!written.chars().any(is_active));
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
