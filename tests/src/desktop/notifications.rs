//! A notification daemon that remembers, and that clicks.

// The interface prescribes what the methods take, whether it is used or not.
#![allow(
    clippy::unused_self,
    clippy::used_underscore_binding,
    clippy::needless_pass_by_value
)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zbus::connection::Builder;
use zbus::zvariant::OwnedValue;
use zbus::{Connection, interface};

use crate::wait::eventually;

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
/// Reason of `NotificationClosed`: the person closed it.
const DISMISSED: u32 = 2;
/// Reason of `NotificationClosed`: the program closed it.
const CLOSED: u32 = 3;

/// A notification that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What the daemon calls it; a replaced one keeps its id.
    pub id: u32,
    /// The program.
    pub app: String,
    /// The first line.
    pub summary: String,
    /// The text.
    pub body: String,
    /// Key and label of each button.
    pub actions: Vec<(String, String)>,
    /// 0 low, 1 normal, 2 critical; absent when the program says nothing.
    pub urgency: Option<u8>,
    /// Whether it is still on the screen.
    pub open: bool,
}

/// The daemon.
#[derive(Debug)]
pub struct Notifications {
    bus: Connection,
    shown: Shown,
}

type Shown = Arc<Mutex<Vec<Notification>>>;

impl Notifications {
    pub(super) async fn start(bus: Builder<'static>) -> Self {
        let shown = Shown::default();
        let daemon = Daemon {
            shown: Arc::clone(&shown),
        };
        let bus = bus
            .serve_at(PATH, daemon)
            .expect("a path")
            .name(NAME)
            .expect("a name");
        Self {
            bus: bus.build().await.expect("the notification daemon"),
            shown,
        }
    }

    /// Every notification until now, oldest first; each state of a replaced one.
    pub fn all(&self) -> Vec<Notification> {
        self.shown.lock().unwrap().clone()
    }

    /// Waits for one whose first line or text contains `text`.
    pub async fn wait_for(&self, text: &str, within: Duration) -> Notification {
        let found = |one: &Notification| one.summary.contains(text) || one.body.contains(text);
        eventually("a notification", within, || {
            self.all().into_iter().find(found)
        })
        .await
    }

    /// Presses the button with this key (`default` is a click on the text), and
    /// closes the notification as daemons do.
    pub async fn click(&self, id: u32, key: &str) {
        let known = self.all().into_iter().any(|one| {
            one.id == id && one.open && one.actions.iter().any(|(action, _)| action == key)
        });
        assert!(
            known,
            "no open notification {id} has the action {key}: {:?}",
            self.all()
        );
        self.emit("ActionInvoked", &(id, key)).await;
        self.close(id).await;
    }

    /// Closes one as a person does.
    pub async fn close(&self, id: u32) {
        forget(&self.shown, id);
        self.emit("NotificationClosed", &(id, DISMISSED)).await;
    }

    async fn emit<B>(&self, signal: &str, body: &B)
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        let sent = self
            .bus
            .emit_signal(None::<&str>, PATH, NAME, signal, body)
            .await;
        sent.expect("a signal");
    }
}

fn forget(shown: &Shown, id: u32) {
    for one in shown.lock().unwrap().iter_mut().filter(|one| one.id == id) {
        one.open = false;
    }
}

struct Daemon {
    shown: Shown,
}

#[interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    #[expect(clippy::too_many_arguments, reason = "the interface has eight")]
    fn notify(
        &self,
        app: String,
        replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        if replaces != 0 {
            forget(&self.shown, replaces);
        }
        let mut shown = self.shown.lock().unwrap();
        let id = if replaces == 0 {
            u32::try_from(shown.len()).expect("few") + 1
        } else {
            replaces
        };
        let pair = |pair: &[String]| (pair[0].clone(), pair[1].clone());
        shown.push(Notification {
            id,
            app,
            summary,
            body,
            actions: actions.chunks_exact(2).map(pair).collect(),
            urgency: hints
                .get("urgency")
                .and_then(|hint| u8::try_from(hint).ok()),
            open: true,
        });
        id
    }

    async fn close_notification(
        &self,
        #[zbus(connection)] bus: &Connection,
        id: u32,
    ) -> zbus::fdo::Result<()> {
        forget(&self.shown, id);
        let body = (id, CLOSED);
        Ok(bus
            .emit_signal(None::<&str>, PATH, NAME, "NotificationClosed", &body)
            .await?)
    }

    fn get_capabilities(&self) -> Vec<&str> {
        vec!["actions", "body", "persistence"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("test", "test", "1", "1.2")
    }
}
