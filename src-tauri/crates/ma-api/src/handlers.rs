//! What each route does.

use crate::{body::parse, call::Call, refusal::Refusal, wire};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ma_core::{PairingId, ProposalId, TicketFilter};
use ma_protocol::{Connections, Hello, NewPairing, PRODUCT, PROTOCOL, Proposals, Withdrawal};

type Answered = Result<Response, Refusal>;

pub(crate) fn hello(call: &Call) -> Answered {
    let proof = call.door.inbox.hello(call.query.nonce()?, &call.host);
    let hello = Hello {
        product: PRODUCT.to_owned(),
        version: proof.version,
        protocol: PROTOCOL,
        install_id: proof.install_id.into(),
        public_key: URL_SAFE_NO_PAD.encode(proof.public_key),
        signature: URL_SAFE_NO_PAD.encode(proof.signature),
    };
    Ok(Json(hello).into_response())
}

pub(crate) async fn request_pairing(call: Call) -> Answered {
    let wanted: NewPairing = parse(&call.body)?;
    let request = wire::pairing_request(wanted)?;
    let ticket = call.door.inbox.request_pairing(request).await?;
    let pairing = wire::pairing(ticket, install_id(&call));
    Ok((StatusCode::CREATED, Json(pairing)).into_response())
}

pub(crate) async fn pairing(call: Call) -> Answered {
    let id: PairingId = call.id()?;
    let (wait, _permit) = call.door.wait(call.query.wait()?);
    let ticket = call.door.inbox.pairing(id, wait).await?;
    Ok(Json(wire::pairing(ticket, install_id(&call))).into_response())
}

pub(crate) async fn connections(call: Call) -> Answered {
    let connections = call.door.inbox.connections(call.agent()?).await?;
    let connections = connections.into_iter().map(wire::connection).collect();
    Ok(Json(Connections { connections }).into_response())
}

pub(crate) async fn propose(call: Call) -> Answered {
    let submission = wire::submission(&call.body)?;
    let ticket = call
        .door
        .inbox
        .submit(call.agent()?, submission)
        .await
        .map_err(wire::within_action)?;
    Ok((StatusCode::ACCEPTED, Json(wire::proposal(ticket))).into_response())
}

pub(crate) async fn list(call: Call) -> Answered {
    let filter = TicketFilter {
        open: call.query.open()?,
        limit: call.query.limit()?,
    };
    let tickets = call.door.inbox.list(call.agent()?, filter).await?;
    let proposals = tickets.into_iter().map(wire::proposal).collect();
    Ok(Json(Proposals { proposals }).into_response())
}

pub(crate) async fn proposal(call: Call) -> Answered {
    let id: ProposalId = call.id()?;
    let (wait, _permit) = call.door.wait(call.query.wait()?);
    let ticket = call.door.inbox.ticket(call.agent()?, id, wait).await?;
    Ok(Json(wire::proposal(ticket)).into_response())
}

pub(crate) async fn withdraw(call: Call) -> Answered {
    let id: ProposalId = call.id()?;
    if !call.body.is_empty() {
        let Withdrawal {} = parse(&call.body)?;
    }
    let ticket = call.door.inbox.withdraw(call.agent()?, id).await?;
    Ok(Json(wire::proposal(ticket)).into_response())
}

pub(crate) fn openapi() -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], crate::openapi()).into_response()
}

/// Which installation this is. The proof itself is not used here.
fn install_id(call: &Call) -> String {
    call.door.inbox.hello("", "").install_id.into()
}
