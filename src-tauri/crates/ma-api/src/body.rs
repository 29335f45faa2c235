//! Reading a body whole, and JSON strictly.

use crate::{
    door::{Door, SMALL_BODY},
    refusal::{
        BODY_CUT_OFF, BODY_NOT_EXPECTED, BODY_TOO_LARGE, BODY_TOO_SLOW, CUT_OFF_JSON, NOT_JSON,
        NOT_UTF_8, Refusal, TOO_DEEP,
    },
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, header},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::sync::OwnedSemaphorePermit;

/// What a route takes as a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRule {
    None,
    /// JSON or nothing, at most [`SMALL`].
    Optional(&'static str),
    /// JSON, at most [`SMALL`].
    Small(&'static str),
    /// JSON, as large as the limits allow.
    Large(&'static str),
}

const SMALL: usize = 4 << 10;

impl BodyRule {
    fn limit(self, door: &Door) -> usize {
        match self {
            Self::None => 0,
            Self::Optional(_) | Self::Small(_) => SMALL.min(door.limits.body_bytes),
            Self::Large(_) => door.limits.body_bytes,
        }
    }

    /// What the head says about the body. Runs before the key is looked at.
    pub(crate) fn check_head(self, headers: &HeaderMap, door: &Door) -> Result<(), Refusal> {
        let declared = content_length(headers);
        let has_body = declared.is_none_or(|n| n > 0)
            && (declared.is_some() || headers.contains_key(header::TRANSFER_ENCODING));
        if self == Self::None {
            return if has_body {
                Err(BODY_NOT_EXPECTED.into())
            } else {
                Ok(())
            };
        }
        let may_be_untyped = matches!(self, Self::Optional(_)) && !has_body;
        let typed = headers.contains_key(header::CONTENT_TYPE);
        if headers.contains_key(header::CONTENT_ENCODING)
            || !(is_json(headers) || (may_be_untyped && !typed))
        {
            return Err(NOT_JSON.into());
        }
        if declared.is_some_and(|n| n > self.limit(door) as u64) {
            return Err(BODY_TOO_LARGE.into());
        }
        Ok(())
    }

    /// The whole body, and the permit that it needs while it is in memory.
    pub(crate) async fn read(
        self,
        door: &Door,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        if self == Self::None {
            return Ok((Bytes::new(), None));
        }
        let limit = self.limit(door);
        let largest = content_length(headers).map_or(limit as u64, |n| n.min(limit as u64));
        let permit = if largest > SMALL_BODY as u64 {
            Some(door.room().await?)
        } else {
            None
        };
        let whole = Limited::new(body, limit).collect();
        match tokio::time::timeout(door.limits.body_time, whole).await {
            Err(_) => Err(BODY_TOO_SLOW.into()),
            Ok(Ok(whole)) => Ok((whole.to_bytes(), permit)),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BODY_TOO_LARGE.into()),
            Ok(Err(_)) => Err(BODY_CUT_OFF.into()),
        }
    }
}

/// Reads strict JSON: an object, UTF-8, nothing after it.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(NOT_UTF_8.into());
    };
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    if text.is_empty() {
        return Err(CUT_OFF_JSON.into());
    }
    // A derived struct would read an array, too.
    if !text.starts_with('{') {
        return Err(Refusal::bad(
            "wrong_type",
            "The body is not a JSON object. Nothing was stored.",
            SEE_FORM,
        ));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        refuse(error.inner(), &path)
    })?;
    reader.end().map_err(|error| refuse(&error, "."))?;
    Ok(value)
}

const SEE_FORM: &str =
    "See /v1/openapi.json for the form; every field that is not named there is refused.";

fn refuse(error: &serde_json::Error, path: &str) -> Refusal {
    let said = error.to_string();
    let code = match error.classify() {
        Category::Eof => return CUT_OFF_JSON.into(),
        Category::Syntax | Category::Io if said.starts_with("recursion limit") => {
            return TOO_DEEP.into();
        }
        Category::Syntax | Category::Io => "malformed_json",
        Category::Data if said.starts_with("unknown field") => "unknown_field",
        Category::Data if said.starts_with("missing field") => "missing_field",
        Category::Data if said.starts_with("duplicate field") => "duplicate_field",
        Category::Data if said.starts_with("unknown variant") => "unknown_value",
        Category::Data => "wrong_type",
    };
    let said: String = said.chars().take(300).collect();
    let refusal = Refusal::bad(
        code,
        &format!("The JSON does not fit: {said}. Nothing was stored."),
        SEE_FORM,
    );
    if path == "." {
        refusal
    } else {
        refusal.field(path.chars().take(200).collect::<String>())
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(first), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(text) = first.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    parts
        .next()
        .is_some_and(|t| t.eq_ignore_ascii_case("application/json"))
        && parts.all(|p| {
            p.eq_ignore_ascii_case("charset=utf-8") || p.eq_ignore_ascii_case("charset=\"utf-8\"")
        })
}
