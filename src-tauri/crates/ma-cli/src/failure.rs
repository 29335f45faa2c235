//! Why a command ends without its answer, and every exit code.

use ma_protocol::Problem;

/// What the process ends with. Stable.
pub(crate) mod exit {
    use ma_protocol::State;

    pub(crate) const DONE: u8 = 0;
    pub(crate) const OTHER: u8 = 1;
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const REJECTED: u8 = 3;
    pub(crate) const EXPIRED: u8 = 4;
    pub(crate) const FAILED: u8 = 5;
    pub(crate) const IN_DOUBT: u8 = 6;
    pub(crate) const NOT_PAIRED: u8 = 7;
    pub(crate) const NOT_REACHABLE: u8 = 8;
    pub(crate) const GONE: u8 = 9;
    pub(crate) const STILL_WAITING: u8 = 10;

    /// After a wait.
    pub(crate) fn of(state: State) -> u8 {
        match state {
            State::Executed => DONE,
            State::Rejected => REJECTED,
            State::Expired => EXPIRED,
            State::Failed => FAILED,
            State::InDoubt => IN_DOUBT,
            State::Withdrawn | State::Superseded => GONE,
            State::Pending | State::Held | State::Executing => STILL_WAITING,
        }
    }
}

/// An exit code, a stable code, a sentence and a next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: u8,
    pub(crate) code: String,
    pub(crate) sentence: String,
    pub(crate) next: String,
    pub(crate) field: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: u8, code: &str, sentence: impl Into<String>, next: &str) -> Self {
        Self {
            exit,
            code: code.to_owned(),
            sentence: sentence.into(),
            next: next.to_owned(),
            field: None,
        }
    }

    pub(crate) fn usage(code: &str, sentence: impl Into<String>) -> Self {
        Self::new(exit::USAGE, code, sentence, "See ma --help.")
    }

    pub(crate) fn not_paired() -> Self {
        Self::new(
            exit::NOT_PAIRED,
            "not_paired",
            "This agent is not connected.",
            "Run ma auth login --name NAME and let the human confirm the code in the app.",
        )
    }
}

/// What is wrong with the request itself is a matter of usage; a refusal for another reason is not.
impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let exit = match problem.status {
            401 => exit::NOT_PAIRED,
            400 | 404 | 413 | 415 => exit::USAGE,
            _ => exit::OTHER,
        };
        Self {
            exit,
            code: problem.code,
            sentence: problem.detail,
            next: problem.next,
            field: problem.field,
        }
    }
}
