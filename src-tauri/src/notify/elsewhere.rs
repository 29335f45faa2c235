//! Notifications on macOS and Windows: shown, but a click only brings up what the system decides.

use super::{Order, Report, Toast};
use crate::desk::Input;
use notify_rust::Notification;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    task::spawn_blocking,
};

/// Carries out orders until nobody gives any more.
pub async fn run(mut orders: UnboundedReceiver<Order>, inputs: UnboundedSender<Input>) {
    let mut told = false;
    while let Some(order) = orders.recv().await {
        let Order::Show(toast) = order else { continue };
        let shown = spawn_blocking(move || show(&toast)).await.unwrap_or(false);
        if !shown && !told {
            told = true;
            let _ = inputs.send(Input::Notified(Report::NoService));
        }
    }
}

fn show(toast: &Toast) -> bool {
    Notification::new()
        .appname("Mechanical Advantage")
        .summary(&toast.title)
        .body(&toast.body)
        .show()
        .is_ok()
}
