//! A refusal or an error (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why there is no answer: `application/problem+json` with a stable code and a next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the code says which problem it is.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, as a sentence.
    pub detail: String,
    /// Stable, for programs.
    #[schema(example = "unknown_field")]
    pub code: String,
    /// What to do about it.
    pub next: String,
    /// The field that is wrong, e.g. `action.to[2].address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

impl Problem {
    /// The media type.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem without a field.
    pub fn new(status: u16, title: &str, code: &str, detail: &str, next: &str) -> Self {
        Self {
            kind: about_blank(),
            title: title.to_owned(),
            status,
            detail: detail.to_owned(),
            code: code.to_owned(),
            next: next.to_owned(),
            field: None,
        }
    }
}

fn about_blank() -> String {
    "about:blank".to_owned()
}
