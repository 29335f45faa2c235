//! The words of the command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// Proposes actions that wait for the human. Nothing leaves before the human confirms it with a passkey.
#[derive(Debug, Parser)]
#[command(name = "ma", version, term_width = 96, arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Args {
    /// How to print: Markdown, short, or JSON as the app sends it
    #[arg(long, global = true, value_enum, default_value_t = Format::Md)]
    pub(crate) format: Format,

    /// Print the id or the state alone
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes:
   0  done, or queued without --wait
   1  another error
   2  the command or its content is wrong
   3  rejected by the human; read the reason, revise, propose again with --revises
   4  expired
   5  failed: it surely did not happen
   6  in doubt: do not resend, the human settles it
   7  not connected
   8  the app cannot be reached, or another program answers
   9  withdrawn or superseded
  10  still waiting when --timeout was over

Environment:
  MA_URL    where the app listens, else http://127.0.0.1:28001
  MA_TOKEN  the key, else the one that ma auth login stored
  MA_HOME   where that is stored (in cli/), else the user's configuration folder

Examples:
  ma email send --to mara@practice.test --subject Hello --text 'Hello Mara' --reason 'You asked'
  ma queue wait p-0123456789abc";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Md,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect this agent
    #[command(subcommand)]
    Auth(Auth),
    /// The accounts that actions can go through
    #[command(subcommand)]
    Connections(Connections),
    /// Mail
    #[command(subcommand)]
    Email(Email),
    /// What you proposed
    #[command(subcommand)]
    Queue(Queue),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Auth {
    /// Ask to connect; the human compares the code and confirms. Run it again to go on waiting
    #[command(after_help = "Example:\n  ma auth login --name claude")]
    Login {
        /// What the agent is called in the app
        #[arg(long)]
        name: String,
        /// Where the app listens
        #[arg(
            long,
            help = "Where the app listens, else MA_URL, else http://127.0.0.1:28001"
        )]
        url: Option<String>,
    },
    /// Whether this agent is connected
    #[command(after_help = "Example:\n  ma auth status")]
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connections {
    /// List the accounts and what each can do
    #[command(after_help = "Example:\n  ma connections list")]
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Email {
    /// Propose a mail. It is queued; the human decides
    #[command(after_help = SEND)]
    Send(Box<Send>),
}

const SEND: &str = "\
Examples:
  ma email send --to 'Mara Olsen <mara@practice.test>' --subject Invoice --text - \\
    --attach invoice.pdf --reason 'She asked for it' < text.txt
  ma email send --to mara@practice.test --subject Invoice --text 'Shorter.' \\
    --reason 'As you said' --revises p-0123456789abc --wait";

#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    /// An address, or 'Name <address>'; again for each one
    #[arg(long, required_unless_present_any = ["cc", "bcc"])]
    pub(crate) to: Vec<String>,
    /// As --to
    #[arg(long)]
    pub(crate) cc: Vec<String>,
    /// As --to
    #[arg(long)]
    pub(crate) bcc: Vec<String>,
    /// One line
    #[arg(long)]
    pub(crate) subject: String,
    /// Plain text; - reads it from the standard input
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) text: String,
    /// A file; again for each one, 16 MiB together
    #[arg(long)]
    pub(crate) attach: Vec<PathBuf>,
    /// Why, for the human
    #[arg(long)]
    pub(crate) reason: String,
    /// The account to send from, else the default one
    #[arg(long)]
    pub(crate) account: Option<String>,
    /// The proposal that this one revises
    #[arg(long, value_name = "ID")]
    pub(crate) revises: Option<String>,
    /// When it ends by itself, e.g. 90m, 12h, 2d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) expires_in: Option<Duration>,
    /// Wait for the end, and tell it by the exit code
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait at most so long, e.g. 10m
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "wait")]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Queue {
    /// List what is open
    #[command(after_help = "Example:\n  ma queue list --all")]
    List {
        /// Also what has ended
        #[arg(long)]
        all: bool,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Read one proposal
    #[command(after_help = "Example:\n  ma queue get p-0123456789abc")]
    Get {
        /// Its id
        id: String,
    },
    /// Wait for the end of a proposal, and tell it by the exit code
    #[command(after_help = "Example:\n  ma queue wait p-0123456789abc --timeout 10m")]
    Wait {
        /// Its id
        id: String,
        /// Wait at most so long, e.g. 90s, 10m, 2h
        #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10m")]
        timeout: Duration,
    },
    /// Take a pending proposal back
    #[command(after_help = "Example:\n  ma queue withdraw p-0123456789abc")]
    Withdraw {
        /// Its id
        id: String,
    },
}

fn duration(text: &str) -> Result<Duration, String> {
    let bad = || "write a number and s, m, h or d, e.g. 10m".to_owned();
    let unit = match text.chars().next_back() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86400,
        _ => return Err(bad()),
    };
    let number = text.get(..text.len() - 1).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit));
    seconds.map(Duration::from_secs).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for bad in [
            "",
            "s",
            "10",
            "-1m",
            "+1m",
            "1.5h",
            "1w",
            "99999999999999999999d",
            "1é",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_words_are_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
