//! Where a person sits: a desktop with the application's folder, its ports, and
//! a browser command that only remembers what it was asked to open.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ma_tests::desktop::{Desktop, Options};
use ma_tests::folder::Folder;
use ma_tests::process::Process;
use ma_tests::wait::{eventually, eventually_async, free_port};
use ma_tests::webdriver::{Page, built};

/// How long anything may take that has no time of its own.
pub const SOON: Duration = Duration::from_secs(20);

pub struct Seat {
    pub desktop: Desktop,
    pub folder: Folder,
    pub agent_port: u16,
    pub page_port: u16,
    /// How many addresses were looked at.
    seen: AtomicUsize,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Seat {
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let desktop = Desktop::with(options).await;
        let folder = Folder::new();
        folder.write("opened", "");
        let script = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n",
            folder.join("opened").display()
        );
        let browser = folder.write("browser", script);
        std::fs::set_permissions(browser, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            desktop,
            folder,
            agent_port: free_port(),
            page_port: free_port(),
            seen: AtomicUsize::new(0),
        }
    }

    /// The application's own folder.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    pub fn agents_door(&self) -> String {
        format!("http://127.0.0.1:{}", self.agent_port)
    }

    /// Where the approval page is.
    pub fn page_door(&self) -> String {
        format!("http://localhost:{}", self.page_port)
    }

    /// Starts the application and waits for its window.
    pub async fn open(&self) -> Page {
        self.open_with(&[], &[]).await
    }

    /// The same with arguments and further variables.
    pub async fn open_with(&self, arguments: &[&str], more: &[(&str, &str)]) -> Page {
        let own = self.variables();
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        let variables: Vec<_> = own.chain(more.iter().copied()).collect();
        let binary = built("mechanical-advantage");
        Page::of_app(&self.desktop, &binary, arguments, &variables).await
    }

    /// The application as a command, for a start without a driven window.
    pub fn app(&self) -> Command {
        let mut command = self.desktop.command(built("mechanical-advantage"));
        command.envs(self.variables());
        command
    }

    /// Starts the agents' command line.
    pub fn ma(&self, arguments: &[&str]) -> Process {
        let mut command = self.desktop.command(built("ma"));
        command
            .args(arguments)
            .env("MA_HOME", self.home())
            .env("MA_URL", self.agents_door());
        Process::start(&command)
    }

    /// Runs it to its end.
    pub async fn ma_says(&self, arguments: &[&str]) -> Said {
        end(&mut self.ma(arguments)).await
    }

    /// Proposes a mail with the command line; gives its id.
    pub async fn propose(&self, to: &str, subject: &str, text: &str) -> String {
        let reason = "You asked me to confirm the day";
        let said = self
            .ma_says(&[
                "--quiet",
                "email",
                "send",
                "--to",
                to,
                "--subject",
                subject,
                "--text",
                text,
                "--reason",
                reason,
            ])
            .await;
        assert_eq!(said.code, 0, "{said:?}");
        said.out.trim().to_owned()
    }

    /// The next address that the application asked the browser to open.
    pub async fn next_address(&self) -> String {
        let at = self.seen.fetch_add(1, Ordering::SeqCst);
        eventually("an address for the browser", SOON, || {
            self.addresses().into_iter().nth(at)
        })
        .await
    }

    /// Every address until now.
    pub fn addresses(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.join("opened")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Waits until the tray's menu has an entry that contains `text`.
    pub async fn tray_shows(&self, text: &str) {
        let tray = self.desktop.tray();
        let item = tray.item(SOON).await;
        eventually_async(&format!("{text:?} in the tray"), SOON, async || {
            let menu = tray.menu(&item).await;
            menu.iter()
                .any(|entry| entry.visible && entry.label.contains(text))
                .then_some(())
        })
        .await;
    }

    /// Clicks an entry of the tray's menu.
    pub async fn choose(&self, label: &str) {
        let tray = self.desktop.tray();
        let item = tray.item(SOON).await;
        tray.click(&item, label, SOON).await;
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![
            ("MA_HOME", text(self.home())),
            ("MA_AGENT_PORT", self.agent_port.to_string()),
            ("MA_APPROVAL_PORT", self.page_port.to_string()),
            ("BROWSER", text(self.folder.join("browser"))),
            ("MA_LOG", "info".to_owned()),
        ]
    }
}

/// Waits for the end of a command.
pub async fn end(process: &mut Process) -> Said {
    let status = process.ended(Duration::from_secs(40)).await;
    Said {
        code: status.code().unwrap_or(-1),
        out: process.output(),
        err: process.errors(),
    }
}

/// The text between two others.
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before:?} in {text}"));
    rest.split_once(after).map_or(rest, |(part, _)| part).trim()
}

/// Without spaces: engines break lines differently.
pub fn dense(text: &str) -> String {
    text.split_whitespace().collect()
}
