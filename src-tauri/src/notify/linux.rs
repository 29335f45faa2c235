//! Notifications over the session bus.

use super::{Key, Order, Report, Toast, escaped};
use crate::desk::Input;
use notify_rust::{Hint, Notification, NotificationHandle, NotificationResponse, Urgency};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::{AbortHandle, spawn, spawn_blocking},
    time::timeout,
};

/// A daemon that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(5);

struct Shown {
    handle: Arc<NotificationHandle>,
    waits: AbortHandle,
}

/// Carries out orders until nobody gives any more, then leaves nothing behind.
pub async fn run(mut orders: UnboundedReceiver<Order>, inputs: UnboundedSender<Input>) {
    let mut shown: HashMap<Key, Shown> = HashMap::new();
    let (ended, mut ends) = unbounded_channel::<(Key, u32)>();
    let mut markup = None;
    let mut told = false;
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Show(toast)) => {
                    if markup.is_none() {
                        markup = draws_markup().await;
                    }
                    let before = shown.remove(&toast.key);
                    let key = toast.key.clone();
                    match show(toast, markup.unwrap_or(true), before, &ended, &inputs).await {
                        Some(now) => {
                            shown.insert(key, now);
                        }
                        None if !told => {
                            told = true;
                            let _ = inputs.send(Input::Notified(Report::NoService));
                        }
                        None => {}
                    }
                }
                Some(Order::Withdraw(key)) => {
                    if let Some(old) = shown.remove(&key) {
                        old.waits.abort();
                        let _ = timeout(PATIENCE, old.handle.close_async()).await;
                    }
                }
                None => break,
            },
            Some((key, id)) = ends.recv() => {
                if shown.get(&key).is_some_and(|now| now.handle.id() == id) {
                    shown.remove(&key);
                }
            }
        }
    }
    for old in shown.into_values() {
        let _ = timeout(PATIENCE, old.handle.close_async()).await;
    }
}

async fn show(
    toast: Toast,
    markup: bool,
    before: Option<Shown>,
    ended: &UnboundedSender<(Key, u32)>,
    inputs: &UnboundedSender<Input>,
) -> Option<Shown> {
    let mut notification = Notification::new();
    notification
        .appname("Mechanical Advantage")
        .icon("mechanical-advantage")
        .hint(Hint::DesktopEntry("MechanicalAdvantage".to_owned()))
        .urgency(if toast.urgent {
            Urgency::Critical
        } else {
            Urgency::Normal
        })
        .summary(&toast.title)
        .body(&if markup {
            escaped(&toast.body)
        } else {
            toast.body
        })
        .action("default", "Read")
        .action("read", "Read")
        .action("later", "Later");
    if let Some(before) = before {
        before.waits.abort();
        notification.id(before.handle.id());
    }
    let handle = match timeout(PATIENCE, notification.show_async()).await {
        Ok(Ok(handle)) => Arc::new(handle),
        Ok(Err(error)) => {
            tracing::debug!(%error, "no notification was shown");
            return None;
        }
        Err(_) => return None,
    };
    let (answer, ended, inputs) = (Arc::clone(&handle), ended.clone(), inputs.clone());
    let waits = spawn(async move {
        let mut read = false;
        answer
            .wait_for_action_async(|response| {
                read = match response {
                    NotificationResponse::Default => true,
                    NotificationResponse::Action(action) => action == "read",
                    NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => false,
                };
            })
            .await;
        // Not every daemon takes it away when it was answered.
        let _ = timeout(PATIENCE, answer.close_async()).await;
        let _ = ended.send((toast.key, answer.id()));
        if read {
            let _ = inputs.send(Input::Notified(Report::Read(toast.place)));
        }
    });
    Some(Shown {
        handle,
        waits: waits.abort_handle(),
    })
}

async fn draws_markup() -> Option<bool> {
    let capabilities = timeout(PATIENCE, spawn_blocking(notify_rust::get_capabilities)).await;
    let capabilities = capabilities.ok()?.ok()?.ok()?;
    Some(
        capabilities
            .iter()
            .any(|capability| capability == "body-markup"),
    )
}
