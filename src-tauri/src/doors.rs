//! The two doors: the agents' and the approval page's.

use ma_core::Millis;
use ma_engine::{
    Engine,
    loopback::{self, BindError},
    view::{Loudness, Notice},
};
use ma_page::Assets;
use std::sync::Arc;
use tokio::{sync::watch, task::spawn};

/// The approval page's files, as built from src-ui.
const ASSETS: Assets = Assets {
    html: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src-ui/dist-page/approve.html"
    )),
    js: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src-ui/dist-page/page.js"
    )),
    css: include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src-ui/dist-page/page.css"
    )),
};

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Agents come in here.
    Agents,
    /// The person's browser comes in here.
    Page,
}

impl Door {
    /// Serves it until the other end of `stopped` is dropped.
    pub fn open(
        self,
        port: u16,
        engine: &Arc<Engine>,
        stopped: watch::Receiver<()>,
    ) -> Result<(), BindError> {
        let listeners = loopback::bind(port)?;
        let engine = Arc::clone(engine);
        match self {
            Self::Agents => spawn(async move {
                let limits = ma_api::Limits::default();
                let served = ma_api::serve(listeners, engine, limits, dropped(stopped)).await;
                if let Err(error) = served {
                    tracing::error!(%error, "the agents' door is shut");
                }
            }),
            Self::Page => spawn(async move {
                let served = tokio::select! {
                    served = ma_page::serve(listeners, engine, ASSETS) => served,
                    () = dropped(stopped) => Ok(()),
                };
                if let Err(error) = served {
                    tracing::error!(%error, "the approval page is shut");
                }
            }),
        };
        Ok(())
    }

    /// What the person has to know when it stays shut.
    pub fn shut(self, error: &BindError, at: Millis) -> Notice {
        let (port, cause) = match error {
            BindError::Taken {
                port,
                holder: Some(holder),
            } => (port, format!("{holder} uses port {port}.")),
            BindError::Taken { port, holder: None } => {
                (port, format!("Another program uses port {port}."))
            }
            BindError::Refused { port, reason } => {
                (port, format!("Port {port} cannot be opened: {reason}."))
            }
        };
        let (code, title, effect, variable) = match self {
            Self::Agents => (
                "agents_door_shut",
                "Agents cannot reach the app",
                "Nothing new can be proposed.",
                "MA_AGENT_PORT",
            ),
            Self::Page => (
                "page_door_shut",
                "Nothing can be approved",
                "The approval page cannot be served. What another program shows there is not it.",
                "MA_APPROVAL_PORT",
            ),
        };
        let other = port.checked_add(10).unwrap_or(28001);
        Notice {
            code: code.to_owned(),
            loudness: Loudness::Stop,
            title: title.to_owned(),
            text: format!(
                "{cause} {effect} End that program, or set {variable} to another port such as {other}, \
                 then start Mechanical Advantage again."
            ),
            dismissable: false,
            at,
        }
    }
}

async fn dropped(mut sender: watch::Receiver<()>) {
    while sender.changed().await.is_ok() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shut_door_says_who_holds_it_what_follows_and_what_to_do() {
        let taken = |holder: Option<&str>| BindError::Taken {
            port: 28001,
            holder: holder.map(str::to_owned),
        };
        let refused = BindError::Refused {
            port: 28002,
            reason: "permission denied".to_owned(),
        };
        let told: Vec<_> = [
            Door::Agents.shut(&taken(Some("python3 (process 77)")), 0),
            Door::Agents.shut(&taken(None), 0),
            Door::Page.shut(&refused, 0),
        ]
        .into_iter()
        .map(|notice| format!("{}: {}\n{}", notice.code, notice.title, notice.text))
        .collect();
        insta::assert_snapshot!(told.join("\n\n"));
    }
}
