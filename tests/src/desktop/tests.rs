// The interfaces prescribe what the methods take, whether it is used or not.
#![allow(
    clippy::unused_self,
    clippy::used_underscore_binding,
    clippy::needless_pass_by_value
)]

use std::collections::HashMap;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::task::spawn_blocking;
use tokio::time::timeout;
use zbus::interface;
use zbus::zvariant::{OwnedValue, Value};

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// Whether `secret-tool` stores a password here and finds it again.
async fn keeps_a_password(desktop: &Desktop) -> bool {
    let mut store = desktop.command("secret-tool");
    store
        .args(["store", "--label=test", "key", "value"])
        .stdin(Stdio::piped());
    let mut find = desktop.command("secret-tool");
    find.args(["lookup", "key", "value"]);
    let kept = spawn_blocking(move || {
        let mut child = store.stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"word").unwrap();
        child.wait().unwrap().success() && find.output().unwrap().stdout == b"word"
    });
    timeout(SOON, kept).await.expect("an answer").unwrap()
}

#[tokio::test]
async fn a_desktop_keeps_a_password_until_its_keyring_is_locked() {
    let desktop = Desktop::start().await;
    assert!(keeps_a_password(&desktop).await);
    desktop.lock_keyring().await;
    assert!(!keeps_a_password(&desktop).await);
}

#[tokio::test]
async fn a_desktop_without_an_open_keyring_keeps_no_password() {
    for keyring in [Keyring::Locked, Keyring::Absent] {
        let desktop = Desktop::with(Options {
            keyring,
            ..Options::default()
        })
        .await;
        assert!(!keeps_a_password(&desktop).await, "{keyring:?}");
    }
}

#[tokio::test]
async fn a_desktop_without_a_bus_still_has_a_screen() {
    let desktop = Desktop::with(Options {
        bus: false,
        ..Options::default()
    })
    .await;
    assert!(desktop.notifications.is_none() && desktop.tray.is_none());
    assert!(!keeps_a_password(&desktop).await);
    let picture = desktop.home().join("screen.png");
    desktop.screenshot(&picture);
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[tokio::test]
async fn a_notification_on_the_desktop_is_recorded_and_clicked() {
    let desktop = Desktop::start().await;
    let bus = desktop.connect().await;
    let name = "org.freedesktop.Notifications";
    let proxy = zbus::Proxy::new(&bus, name, "/org/freedesktop/Notifications", name)
        .await
        .unwrap();
    let clicks = proxy.receive_signal("ActionInvoked").await.unwrap();
    let actions = vec!["open", "Open", "default", "Show"];
    let hints = HashMap::from([("urgency", Value::from(2_u8))]);
    let body = (
        "app",
        0_u32,
        "",
        "A mail waits",
        "for Bob",
        actions,
        hints,
        -1_i32,
    );
    let id: u32 = proxy.call("Notify", &body).await.unwrap();

    let shown = desktop.notifications().wait_for("mail", SOON).await;
    assert_eq!((shown.id, shown.urgency, shown.open), (id, Some(2), true));
    assert_eq!(shown.actions[0], ("open".into(), "Open".into()));
    desktop.notifications().click(id, "open").await;
    let click = timeout(SOON, first(clicks)).await.unwrap();
    assert_eq!(
        click.body().deserialize::<(u32, String)>().unwrap(),
        (id, "open".into())
    );
    assert!(!desktop.notifications().all()[0].open);
}

async fn first(mut stream: zbus::proxy::SignalStream<'_>) -> zbus::Message {
    use std::future::poll_fn;
    use std::pin::Pin;
    use zbus::export::futures_core::Stream as _;
    poll_fn(|context| Pin::new(&mut stream).poll_next(context))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_desktop_without_a_daemon_shows_no_notification() {
    let options = Options {
        notifications: false,
        ..Options::default()
    };
    let mut desktop = Desktop::with(options).await;
    let name = "org.freedesktop.Notifications";
    let call = async |bus: Connection| {
        bus.call_method(
            Some(name),
            "/org/freedesktop/Notifications",
            Some(name),
            "GetCapabilities",
            &(),
        )
        .await
    };
    call(desktop.connect().await).await.unwrap_err();
    desktop.start_notifications().await;
    call(desktop.connect().await).await.unwrap();
}

struct Item;

#[interface(name = "org.kde.StatusNotifierItem")]
impl Item {
    #[zbus(property)]
    fn menu(&self) -> OwnedObjectPath {
        OwnedObjectPath::try_from("/item/menu").unwrap()
    }

    #[zbus(property)]
    fn title(&self) -> &'static str {
        "Example"
    }
}

struct Menu(Arc<Mutex<Vec<(i32, String)>>>);

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

#[interface(name = "com.canonical.dbusmenu")]
impl Menu {
    fn get_layout(&self, _parent: i32, _depth: i32, _names: Vec<String>) -> (u32, Layout) {
        let entry = |id: i32, properties: HashMap<String, Value<'static>>| {
            let entry = Value::from((id, properties, Vec::<Value<'_>>::new()));
            OwnedValue::try_from(entry).unwrap()
        };
        let named = |label: &'static str, enabled: bool| {
            HashMap::from([
                ("label".to_owned(), Value::from(label)),
                ("enabled".to_owned(), Value::from(enabled)),
            ])
        };
        let line = HashMap::from([("type".to_owned(), Value::from("separator"))]);
        let entries = vec![
            entry(1, named("_Open", true)),
            entry(2, line),
            entry(3, named("Nothing waits", false)),
        ];
        (1, (0, HashMap::new(), entries))
    }

    fn event(&self, id: i32, event: String, _data: OwnedValue, _time: u32) {
        self.0.lock().unwrap().push((id, event));
    }
}

#[tokio::test]
async fn a_tray_item_is_seen_by_the_desktop_and_its_menu_is_clicked() {
    let mut desktop = Desktop::with(Options {
        tray: false,
        ..Options::default()
    })
    .await;
    assert!(desktop.tray.is_none());
    desktop.start_tray().await;
    let clicks = Arc::default();
    let program = connection(desktop.address.as_deref())
        .serve_at("/item", Item)
        .and_then(|bus| bus.serve_at("/item/menu", Menu(Arc::clone(&clicks))))
        .unwrap()
        .build()
        .await
        .unwrap();
    let watcher = "org.kde.StatusNotifierWatcher";
    program
        .call_method(
            Some(watcher),
            "/StatusNotifierWatcher",
            Some(watcher),
            "RegisterStatusNotifierItem",
            &"/item",
        )
        .await
        .unwrap();

    let tray = desktop.tray();
    let item = tray.item(SOON).await;
    let title = tray.property(&item, "Title").await.unwrap();
    assert_eq!(String::try_from(title).unwrap(), "Example");
    let menu = tray.menu(&item).await;
    assert_eq!(menu.len(), 3);
    assert_eq!((menu[0].label.as_str(), menu[0].enabled), ("Open", true));
    assert!(menu[1].separator && !menu[2].enabled);
    tray.click(&item, "Open", SOON).await;
    assert_eq!(*clicks.lock().unwrap(), [(1, String::from("clicked"))]);
}

#[tokio::test]
async fn a_window_on_the_desktop_is_listed_by_its_title() {
    let desktop = Desktop::start().await;
    let picture = desktop.home().join("screen.png");
    desktop.screenshot(&picture);
    let mut show = desktop.command("display");
    show.args(["-title", "A picture"]).arg(&picture);
    let _window = Process::start(&show);
    eventually("the window", SOON, || {
        desktop
            .windows()
            .iter()
            .any(|title| title == "A picture")
            .then_some(())
    })
    .await;
}
