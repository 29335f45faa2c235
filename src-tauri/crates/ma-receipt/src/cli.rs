//! The `ma-verify` command.

use crate::{Receipt, Verdict, verify};
use ma_core::Shown;
use std::io::Write;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const USAGE: &str = "\
ma-verify checks a receipt of Mechanical Advantage, offline, with nothing but the receipt.

Usage: ma-verify [--json] RECEIPT

Exit status: 0 every check holds, 1 one does not, 2 the command is not understood.
Example: ma-verify ma-receipt-p-0123456789abc.json
";

/// Runs the command with its arguments (without the program's name). Gives the exit status.
pub fn run(args: &[String], out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut json = false;
    let mut files = Vec::new();
    for arg in args {
        match arg.as_str() {
            "--json" => json = true,
            "--help" | "-h" => {
                let _ = write!(out, "{USAGE}");
                return 0;
            }
            "--version" | "-V" => {
                let _ = writeln!(out, "ma-verify {}", env!("CARGO_PKG_VERSION"));
                return 0;
            }
            flag if flag.starts_with('-') => {
                let _ = writeln!(
                    err,
                    "ma-verify: {} is not an option. [usage]\nNext: ma-verify --help",
                    visible(flag)
                );
                return 2;
            }
            file => files.push(file),
        }
    }
    let [file] = files.as_slice() else {
        let _ = writeln!(
            err,
            "ma-verify: name one receipt. [usage]\nNext: ma-verify --help"
        );
        return 2;
    };
    let text = match std::fs::read(file) {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(
                err,
                "ma-verify: {} cannot be read: {error}. [file]\nNext: check the path.",
                visible(file)
            );
            return 1;
        }
    };
    let verdict = match serde_json::from_slice::<Receipt>(&text) {
        Ok(receipt) => verify(&receipt),
        Err(error) => {
            let _ = writeln!(
                err,
                "ma-verify: {} is not a receipt: {}. [format]\nNext: export it again from History.",
                visible(file),
                visible(&error.to_string())
            );
            return 1;
        }
    };
    let written = if json {
        serde_json::to_string_pretty(&verdict)
            .map_err(std::io::Error::from)
            .and_then(|text| writeln!(out, "{}", escaped(&text)))
    } else {
        print(&verdict, out)
    };
    u8::from(written.is_err() || !verdict.valid)
}

/// A date and time in UTC, for people: `2026-11-20 14:06:12 UTC`.
pub fn date(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000))
        .ok()
        .and_then(|t| t.format(&Rfc3339).ok())
        .map_or_else(
            || ms.to_string(),
            |t| t.replace('T', " ").replace('Z', " UTC"),
        )
}

fn print(verdict: &Verdict, out: &mut dyn Write) -> std::io::Result<()> {
    let passed = verdict.checks.iter().filter(|c| c.holds).count();
    let all = verdict.checks.len();
    if verdict.valid {
        writeln!(out, "Valid: {passed} of {all} checks hold.")?;
    } else {
        writeln!(out, "NOT VALID: {} of {all} checks fail.", all - passed)?;
    }
    writeln!(out)?;
    for (name, value) in [
        ("Proposal", verdict.proposal.clone()),
        ("What", verdict.verb.clone()),
        ("Title", verdict.title.as_deref().map(visible)),
        ("Approved", verdict.approved_ms.map(date)),
        ("Passkey", verdict.passkey.as_deref().map(visible)),
        ("Route", verdict.route.as_deref().map(visible)),
        ("Installation", verdict.install_id.clone()),
        ("First passkey", verdict.first_passkey.clone()),
        ("Outcome", verdict.outcome.as_ref().map(outcome)),
    ] {
        if let Some(value) = value {
            writeln!(out, "{name:14} {value}")?;
        }
    }
    writeln!(out)?;
    for check in verdict
        .checks
        .iter()
        .filter(|c| !c.holds)
        .chain(verdict.checks.iter().filter(|c| c.holds))
    {
        let mark = if check.holds { "ok  " } else { "FAIL" };
        writeln!(out, "{mark} {:26} {}", check.name, visible(&check.detail))?;
    }
    Ok(())
}

fn outcome(outcome: &ma_core::Outcome) -> String {
    match outcome {
        ma_core::Outcome::Done { reference, detail } => {
            visible(&format!("done, {reference} ({detail})"))
        }
        ma_core::Outcome::NotDone { code, detail, .. } => {
            visible(&format!("not done, {code} ({detail})"))
        }
        ma_core::Outcome::Unknown { reference, detail } => {
            visible(&format!("in doubt, {reference} ({detail})"))
        }
    }
}

/// A receipt is somebody's file: nothing in it may drive the terminal, or turn what is read.
fn visible(text: &str) -> String {
    Shown::new(&text.replace(['\n', '\t'], " ")).plain()
}

/// JSON escapes the controls below U+0020 only; terminals obey others, too.
fn escaped(json: &str) -> String {
    json.chars().fold(String::new(), |mut text, c| {
        let hidden = Shown::new(c.encode_utf8(&mut [0; 4]))
            .plain()
            .starts_with("[U+");
        if hidden {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a text cannot fail.
                let _ = std::fmt::Write::write_fmt(&mut text, format_args!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
        text
    })
}
