//! A desktop of its own: a screen, a session bus, a keyring, a notification
//! daemon and a panel that shows tray items.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use zbus::Connection;
use zbus::connection::Builder;
use zbus::zvariant::{ObjectPath, OwnedObjectPath};

use crate::folder::Folder;
use crate::process::Process;
use crate::wait::{eventually, eventually_async};

mod notifications;
mod tray;

pub use notifications::{Notification, Notifications};
pub use tray::{MenuEntry, Tray, TrayItem};

const READY: Duration = Duration::from_secs(20);
const KEYRING_PASSWORD: &str = "keyring";

/// How the keyring is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keyring {
    /// Open, as after a login.
    #[default]
    Unlocked,
    /// There, and locked; nobody is there to type its password.
    Locked,
    /// No keyring at all.
    Absent,
}

/// What the desktop has.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "four independent switches")]
pub struct Options {
    /// A session bus. Without it there is no keyring, notification or tray.
    pub bus: bool,
    /// The keyring.
    pub keyring: Keyring,
    /// A notification daemon.
    pub notifications: bool,
    /// A panel that shows tray items.
    pub tray: bool,
    /// A window manager.
    pub window_manager: bool,
    /// Width and height of the screen.
    pub screen: (u32, u32),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bus: true,
            keyring: Keyring::Unlocked,
            notifications: true,
            tray: true,
            window_manager: true,
            screen: (1280, 900),
        }
    }
}

/// A running desktop. All of it ends with the value.
#[derive(Debug)]
pub struct Desktop {
    /// The notifications that were shown, if there is a daemon.
    pub notifications: Option<Notifications>,
    /// The panel, if there is one.
    pub tray: Option<Tray>,
    env: BTreeMap<String, String>,
    address: Option<String>,
    /// The last that was started is the first: it ends first.
    programs: Vec<Process>,
    folder: Folder,
}

impl Desktop {
    /// Starts one with everything.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// Starts one and waits until each part answers.
    pub async fn with(options: Options) -> Self {
        let folder = Folder::new();
        let (screen, display) = screen(options.screen).await;
        let env = environment(&folder, display);
        let mut desktop = Self {
            notifications: None,
            tray: None,
            env,
            address: None,
            programs: vec![screen],
            folder,
        };
        if options.bus {
            desktop.start_bus().await;
        }
        if options.window_manager {
            desktop.start_window_manager().await;
        }
        if options.bus && options.keyring != Keyring::Absent {
            desktop.start_keyring().await;
        }
        if options.bus && options.keyring == Keyring::Locked {
            desktop.lock_keyring().await;
        }
        if options.bus && options.notifications {
            desktop.start_notifications().await;
        }
        if options.bus && options.tray {
            desktop.start_tray().await;
        }
        desktop
    }

    /// The environment of a program in this desktop: add it to that of the test.
    /// The home folder and all `XDG_` folders are the desktop's own.
    pub fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// A command with that environment.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.envs(&self.env);
        command
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// A new connection to the session bus.
    pub async fn connect(&self) -> Connection {
        connection(self.address.as_deref())
            .build()
            .await
            .expect("the session bus")
    }

    /// Starts the notification daemon, if the desktop has none yet.
    pub async fn start_notifications(&mut self) -> &Notifications {
        if self.notifications.is_none() {
            let bus = connection(self.address.as_deref());
            self.notifications = Some(Notifications::start(bus).await);
        }
        self.notifications.as_ref().expect("just set")
    }

    /// Starts the panel, if the desktop has none yet.
    pub async fn start_tray(&mut self) -> &Tray {
        if self.tray.is_none() {
            self.tray = Some(Tray::start(connection(self.address.as_deref())).await);
        }
        self.tray.as_ref().expect("just set")
    }

    /// The notifications; the desktop must have a daemon.
    pub fn notifications(&self) -> &Notifications {
        self.notifications.as_ref().expect("a notification daemon")
    }

    /// The panel; the desktop must have one.
    pub fn tray(&self) -> &Tray {
        self.tray.as_ref().expect("a panel")
    }

    /// Locks the keyring.
    pub async fn lock_keyring(&self) {
        let bus = self.connect().await;
        let keyring = ObjectPath::from_static_str("/org/freedesktop/secrets/collection/login")
            .expect("a path");
        let locked = bus
            .call_method(
                Some("org.freedesktop.secrets"),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                "Lock",
                &vec![keyring],
            )
            .await
            .expect("the keyring locks");
        let (locked, _): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            locked.body().deserialize().expect("what was locked");
        assert_eq!(locked.len(), 1, "the keyring is locked");
    }

    /// The titles of the windows on the screen.
    pub fn windows(&self) -> Vec<String> {
        let tree = self.run("xwininfo", &["-root", "-tree"]);
        let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
        tree.lines().filter_map(title).map(String::from).collect()
    }

    /// What the screen shows now, as a PNG file.
    pub fn screenshot(&self, path: &Path) {
        let path = format!("png:{}", path.display());
        self.run("import", &["-window", "root", &path]);
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let output = self.command(program).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        output
    }

    /// A bus that starts no service by itself, so that only what the desktop
    /// has is there, whatever is installed.
    async fn start_bus(&mut self) {
        let address = format!("unix:path={}/run/bus", self.folder.path().display());
        let settings = format!(
            "<busconfig><type>session</type><listen>{address}</listen>\
             <auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
        );
        let settings = self.folder.write("bus.conf", settings);
        let mut command = self.command("dbus-daemon");
        command.arg("--nofork").arg("--config-file").arg(settings);
        let mut process = Process::start(&command);
        eventually_async("the session bus", READY, async || {
            assert!(process.is_running(), "dbus-daemon: {}", process.errors());
            connection(Some(&address)).build().await.ok().map(drop)
        })
        .await;
        self.programs.insert(0, process);
        self.env
            .insert(String::from("DBUS_SESSION_BUS_ADDRESS"), address.clone());
        self.address = Some(address);
    }

    async fn start_window_manager(&mut self) {
        self.programs
            .insert(0, Process::start(&self.command("openbox")));
        eventually("the window manager", READY, || {
            let output = self.run("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]);
            String::from_utf8_lossy(&output.stdout)
                .contains("window id")
                .then_some(())
        })
        .await;
    }

    async fn start_keyring(&mut self) {
        let mut command = self.command("sh");
        // The password arrives on the standard input, and only there.
        let script = "printf %s \"$1\" | gnome-keyring-daemon --foreground --unlock \
            --components=secrets --control-directory=\"$2\"";
        let control = self.folder.join("run").join("keyring");
        command
            .args(["-c", script, "sh", KEYRING_PASSWORD])
            .arg(control);
        self.programs.insert(0, Process::start(&command));
        let bus = self.connect().await;
        eventually_async("the keyring", READY, async || {
            let answer = bus
                .call_method(
                    Some("org.freedesktop.secrets"),
                    "/org/freedesktop/secrets",
                    Some("org.freedesktop.Secret.Service"),
                    "ReadAlias",
                    &"default",
                )
                .await
                .ok()?;
            let path: OwnedObjectPath = answer.body().deserialize().ok()?;
            (path.as_str() != "/").then_some(())
        })
        .await;
    }
}

/// A screen on the first free display.
async fn screen((width, height): (u32, u32)) -> (Process, String) {
    let size = format!("{width}x{height}x24");
    let mut command = Command::new("Xvfb");
    command.args(["-displayfd", "1", "-screen", "0", &size, "-nolisten", "tcp"]);
    command.args(["-noreset", "-ac"]);
    let screen = Process::start(&command);
    let number = eventually("the screen", READY, || {
        screen
            .output()
            .strip_suffix('\n')
            .map(|number| format!(":{number}"))
    });
    let number = number.await;
    (screen, number)
}

fn connection(address: Option<&str>) -> Builder<'static> {
    let address = address.expect("a desktop with a session bus").to_owned();
    Builder::address(address.as_str()).expect("an address")
}

fn environment(folder: &Folder, display: String) -> BTreeMap<String, String> {
    let home = folder.subfolder("home");
    let text = |path: PathBuf| path.to_str().expect("text").to_owned();
    let own = |name: &str| text(folder.subfolder(name));
    let mut env = BTreeMap::from([
        ("DISPLAY", display),
        ("GDK_BACKEND", String::from("x11")),
        ("HOME", text(home)),
        ("LANG", String::from("C.UTF-8")),
        ("NO_AT_BRIDGE", String::from("1")),
        ("XDG_CACHE_HOME", own("home/.cache")),
        ("XDG_CONFIG_HOME", own("home/.config")),
        ("XDG_CURRENT_DESKTOP", String::from("test")),
        ("XDG_DATA_HOME", own("home/.local/share")),
        ("XDG_RUNTIME_DIR", own("run")),
        ("XDG_SESSION_TYPE", String::from("x11")),
        ("XDG_STATE_HOME", own("home/.local/state")),
        // Nothing is there; and nothing is started, as it would be if it were unset.
        (
            "DBUS_SESSION_BUS_ADDRESS",
            format!("unix:path={}", text(folder.join("none"))),
        ),
    ]);
    // Nothing of the machine's own desktop.
    for name in ["WAYLAND_DISPLAY", "XAUTHORITY"] {
        env.insert(name, String::new());
    }
    private(&folder.join("run"));
    env.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).expect("a mode");
}

/// `     0x600003 "Title": ("class" "Class")  10x10+10+10  +10+10`
fn title(line: &str) -> Option<&str> {
    let (id, rest) = line.trim_start().split_once(" \"")?;
    id.starts_with("0x").then_some(())?;
    rest.split_once("\": ").map(|(title, _)| title)
}

#[cfg(test)]
mod tests;
