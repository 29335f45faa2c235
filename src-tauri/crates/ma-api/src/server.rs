//! The accept loop: bounded in connections, in size and in time.

use crate::{
    Limits,
    door::Door,
    refusal::{Refusal, TOO_MANY_CONNECTIONS},
    routes,
};
use axum::{Router, body::to_bytes, response::IntoResponse};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ma_core::Inbox;
use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};
use tower::ServiceExt;

/// How long open connections may take to end at a shutdown.
const GRACE: Duration = Duration::from_secs(2);

/// How long and how much is read after the last answer, so that the other side can read it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 32 << 20;

/// Why the door does not open.
#[derive(Debug, Error)]
pub enum ServeError {
    /// An address that others can reach.
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    /// There is nothing to listen on.
    #[error("there is no listener")]
    NoListener,
    /// A listener does not work.
    #[error("a listener does not work")]
    Listener(#[from] io::Error),
}

/// Serves agents until `shutdown` is ready. Dropping the future closes every connection.
pub async fn serve(
    listeners: Vec<std::net::TcpListener>,
    inbox: Arc<dyn Inbox>,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    if listeners.is_empty() {
        return Err(ServeError::NoListener);
    }
    let mut ready = Vec::with_capacity(listeners.len());
    for listener in listeners {
        let local = listener.local_addr()?;
        if !local.ip().is_loopback() {
            return Err(ServeError::NotLoopback(local));
        }
        listener.set_nonblocking(true)?;
        ready.push((TcpListener::from_std(listener)?, local));
    }
    let room = Arc::new(Semaphore::new(limits.connections));
    let door = Arc::new(Door::new(inbox, limits.clone()));
    let full: Arc<[u8]> = full_answer().await.into();
    let (stop, stopped) = watch::channel(());
    let mut loops = JoinSet::new();
    for (listener, local) in ready {
        loops.spawn(accept(Accept {
            listener,
            app: routes::router(door.clone(), local),
            room: room.clone(),
            full: full.clone(),
            limits: limits.clone(),
            stopped: stopped.clone(),
        }));
    }
    shutdown.await;
    drop(stop);
    while loops.join_next().await.is_some() {}
    Ok(())
}

struct Accept {
    listener: TcpListener,
    app: Router,
    room: Arc<Semaphore>,
    full: Arc<[u8]>,
    limits: Limits,
    stopped: watch::Receiver<()>,
}

async fn accept(mut this: Accept) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = this.stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = this.listener.accept() => match accepted {
                Ok((stream, _)) => match this.room.clone().try_acquire_owned() {
                    Ok(permit) => {
                        connections.spawn(connection(
                            stream,
                            this.app.clone(),
                            this.limits.clone(),
                            this.stopped.clone(),
                            permit,
                        ));
                    }
                    Err(_) => {
                        // One try that cannot wait: what does not fit is lost with the connection.
                        let _ = stream.try_write(&this.full);
                    }
                },
                // Out of file descriptors, most likely: others have to close first.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
        }
    }
    drop(this.listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(GRACE, ended).await;
}

async fn connection(
    stream: TcpStream,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<()>,
    _permit: OwnedSemaphorePermit,
) {
    let service =
        service_fn(move |request: hyper::Request<Incoming>| Box::pin(app.clone().oneshot(request)));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_header_size(limits.head_bytes)
        .max_headers(limits.headers)
        .serve_connection(TokioIo::new(stream), service);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                break;
            }
            _ = stopped.changed(), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
        }
    }
    linger(connection.into_parts().io.into_inner()).await;
}

/// A socket that is closed over unread bytes is reset, and the answer is lost with it:
/// a refusal of a large body would look like a broken connection.
async fn linger(mut stream: TcpStream) {
    let rest = async {
        if stream.shutdown().await.is_ok() {
            let mut rest = stream.take(LINGER_BYTES);
            let mut buffer = vec![0; 16 << 10];
            while matches!(rest.read(&mut buffer).await, Ok(n) if n > 0) {}
        }
    };
    let _ = timeout(LINGER, rest).await;
}

/// The answer for a connection that has no room, ready to be written at once.
async fn full_answer() -> Vec<u8> {
    let (head, body) = Refusal::from(TOO_MANY_CONNECTIONS)
        .into_response()
        .into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut answer = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n".to_vec();
    for (name, value) in &head.headers {
        answer.extend_from_slice(name.as_str().as_bytes());
        answer.extend_from_slice(b": ");
        answer.extend_from_slice(value.as_bytes());
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    answer.extend_from_slice(&body);
    answer
}
