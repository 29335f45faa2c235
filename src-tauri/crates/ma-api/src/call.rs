//! One request on its way to its handler.

use crate::{
    door::Door,
    gate::Dialled,
    query::Query,
    refusal::{NOT_FOUND, Refusal, WRONG_HOST},
    routes::{Admission, Route},
};
use axum::{
    body::Bytes,
    extract::Request,
    response::{IntoResponse, Response},
};
use ma_core::AgentId;
use std::{str::FromStr, sync::Arc};
use tokio::sync::OwnedSemaphorePermit;

/// A request that passed everything that is checked before its handler.
pub(crate) struct Call {
    pub(crate) door: Arc<Door>,
    pub(crate) host: String,
    pub(crate) query: Query,
    pub(crate) body: Bytes,
    agent: Option<AgentId>,
    id: String,
    /// Held for as long as the body is in memory.
    _room: Option<OwnedSemaphorePermit>,
}

impl Call {
    /// Who asks.
    pub(crate) fn agent(&self) -> Result<AgentId, Refusal> {
        self.agent.clone().ok_or(crate::refusal::NOT_PAIRED.into())
    }

    /// The id in the path.
    pub(crate) fn id<T: FromStr>(&self) -> Result<T, Refusal> {
        self.id.parse().map_err(|_| NOT_FOUND.into())
    }
}

pub(crate) async fn run(route: &'static Route, door: Arc<Door>, request: Request) -> Response {
    match answer(route, door, request).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(
    route: &'static Route,
    door: Arc<Door>,
    request: Request,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let Some(Dialled(host)) = head.extensions.get().cloned() else {
        return Err(WRONG_HOST.into());
    };
    let query = Query::parse(head.uri.query(), route.query)?;
    route.body.check_head(&head.headers, &door)?;
    let agent = match route.admission {
        Admission::Open => None,
        Admission::Pairing => {
            door.count_pairing()?;
            None
        }
        Admission::Key => Some(door.authenticate(&head.headers).await?.id),
    };
    let (body, room) = route.body.read(&door, &head.headers, body).await?;
    let id = head
        .uri
        .path()
        .split('/')
        .nth(3)
        .unwrap_or_default()
        .to_owned();
    (route.handler)(Call {
        door,
        host,
        query,
        body,
        agent,
        id,
        _room: room,
    })
    .await
}
