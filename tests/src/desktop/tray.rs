//! A panel: it lists the tray's items, opens their menus and clicks in them.

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
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Structure, Value};
use zbus::{Connection, fdo, interface};

use crate::wait::{eventually, eventually_async};

const PATH: &str = "/StatusNotifierWatcher";
const NAME: &str = "org.kde.StatusNotifierWatcher";
const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";

/// Where an item of the tray lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrayItem {
    /// The name on the bus.
    pub service: String,
    /// The object.
    pub path: String,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuEntry {
    /// What a click names.
    pub id: i32,
    /// The text, with the underscores of access keys removed; empty for a
    /// separator.
    pub label: String,
    /// Whether it can be clicked.
    pub enabled: bool,
    /// Whether it is shown.
    pub visible: bool,
    /// Whether it is a separator.
    pub separator: bool,
    /// Whether it is checked; absent for an entry without a check mark.
    pub checked: Option<bool>,
    /// The entries below it.
    pub children: Vec<MenuEntry>,
}

/// The panel.
#[derive(Debug)]
pub struct Tray {
    bus: Connection,
    items: Items,
}

type Items = Arc<Mutex<Vec<TrayItem>>>;
/// Id, properties and children.
type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

impl Tray {
    pub(super) async fn start(bus: Builder<'static>) -> Self {
        let items = Items::default();
        let watcher = Watcher {
            items: Arc::clone(&items),
        };
        let bus = bus
            .serve_at(PATH, watcher)
            .expect("a path")
            .name(NAME)
            .expect("a name");
        Self {
            bus: bus.build().await.expect("the panel"),
            items,
        }
    }

    /// The items that were registered until now.
    pub fn items(&self) -> Vec<TrayItem> {
        self.items.lock().unwrap().clone()
    }

    /// Waits for the first item.
    pub async fn item(&self, within: Duration) -> TrayItem {
        eventually("a tray item", within, || self.items().into_iter().next()).await
    }

    /// A property of an item, e.g. `Title`, `Status`, `IconName`, `ToolTip`.
    pub async fn property(&self, item: &TrayItem, name: &str) -> fdo::Result<OwnedValue> {
        let body = (ITEM, name);
        let properties = Some("org.freedesktop.DBus.Properties");
        let service = Some(item.service.as_str());
        let answer = self
            .bus
            .call_method(service, item.path.as_str(), properties, "Get", &body)
            .await?;
        Ok(answer.body().deserialize::<OwnedValue>()?)
    }

    /// The menu of an item as it is now.
    pub async fn menu(&self, item: &TrayItem) -> Vec<MenuEntry> {
        let path = self.menu_path(item).await;
        let service = Some(item.service.as_str());
        let body = (0_i32, -1_i32, Vec::<&str>::new());
        let answer = self
            .bus
            .call_method(service, &path, Some(MENU), "GetLayout", &body)
            .await;
        let answer = answer.expect("a menu").body();
        let (_, (_, _, entries)): (u32, Layout) = answer.deserialize().expect("a layout");
        entries.iter().map(|child| entry(child)).collect()
    }

    /// Clicks the entry whose label contains `label`, as soon as there is an
    /// enabled one.
    pub async fn click(&self, item: &TrayItem, label: &str, within: Duration) {
        let entry = eventually_async("an entry of the menu", within, async || {
            find(&self.menu(item).await, label).filter(|entry| entry.enabled && entry.visible)
        });
        let id = entry.await.id;
        let path = self.menu_path(item).await;
        let service = Some(item.service.as_str());
        let body = (id, "clicked", Value::from(0_i32), 0_u32);
        let clicked = self
            .bus
            .call_method(service, &path, Some(MENU), "Event", &body)
            .await;
        clicked.expect("a click");
    }

    async fn menu_path(&self, item: &TrayItem) -> OwnedObjectPath {
        let path = self
            .property(item, "Menu")
            .await
            .expect("an item with a menu");
        OwnedObjectPath::try_from(path).expect("a path")
    }
}

fn find(entries: &[MenuEntry], label: &str) -> Option<MenuEntry> {
    entries.iter().find_map(|entry| {
        let here = entry.label.contains(label).then(|| entry.clone());
        here.or_else(|| find(&entry.children, label))
    })
}

/// `(ia{sv}av)`, wrapped in as many variants as the program likes.
fn entry(value: &Value<'_>) -> MenuEntry {
    let mut value = value;
    while let Value::Value(inner) = value {
        value = inner;
    }
    let layout = value
        .downcast_ref::<&Structure<'_>>()
        .expect("an entry of a menu");
    let [
        Value::I32(id),
        Value::Dict(properties),
        Value::Array(children),
    ] = layout.fields()
    else {
        panic!("an entry of a menu: {layout:?}");
    };
    let text = |name: &str| properties.get::<_, String>(&name).ok().flatten();
    let flag = |name: &str| properties.get::<_, bool>(&name).ok().flatten();
    let state = properties.get::<_, i32>(&"toggle-state").ok().flatten();
    MenuEntry {
        id: *id,
        label: text("label").unwrap_or_default().replace('_', ""),
        enabled: flag("enabled").unwrap_or(true),
        visible: flag("visible").unwrap_or(true),
        separator: text("type").as_deref() == Some("separator"),
        checked: text("toggle-type").map(|_| state == Some(1)),
        children: children.iter().map(entry).collect(),
    }
}

struct Watcher {
    items: Items,
}

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    /// Some programs give a name on the bus, some a path.
    async fn register_status_notifier_item(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
        service: String,
    ) -> fdo::Result<()> {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item = if service.starts_with('/') {
            TrayItem {
                service: sender,
                path: service,
            }
        } else {
            TrayItem {
                service,
                path: String::from("/StatusNotifierItem"),
            }
        };
        let name = format!("{}{}", item.service, item.path);
        {
            let mut items = self.items.lock().unwrap();
            if !items.contains(&item) {
                items.push(item);
            }
        }
        let signal = "StatusNotifierItemRegistered";
        Ok(bus
            .emit_signal(None::<&str>, PATH, NAME, signal, &name)
            .await?)
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        let items = self.items.lock().unwrap();
        items
            .iter()
            .map(|item| format!("{}{}", item.service, item.path))
            .collect()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}
