//! What the app costs while it waits in the tray.

use crate::report::Report;

#[cfg(not(target_os = "linux"))]
pub async fn measure(report: &mut Report) {
    report.not_measured("tray", "only on Linux");
}

#[cfg(target_os = "linux")]
pub use linux::measure;

#[cfg(target_os = "linux")]
mod linux {
    use super::Report;
    use ma_tests::desktop::Desktop;
    use ma_tests::folder::Folder;
    use ma_tests::wait::free_port;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    const STARTS: usize = 5;
    const SETTLE: Duration = Duration::from_secs(5);
    const IDLE: Duration = Duration::from_secs(20);
    const PATIENCE: Duration = Duration::from_secs(20);

    /// The app in the tray. It ends with the value.
    struct Tray(Child);

    impl Drop for Tray {
        fn drop(&mut self) {
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }

    pub async fn measure(report: &mut Report) {
        let Some(program) = program() else {
            return report.not_measured("tray", "the app is not built");
        };
        if Command::new("Xvfb")
            .arg("-help")
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            return report.not_measured("tray", "Xvfb is not installed");
        }
        // The first start is not counted: it makes the home, and GTK asks the graphics driver which
        // visuals there are, which any program that draws has done on a desktop before.
        let desktop = Desktop::start().await;
        let home = Folder::new();
        let mut starts = Vec::new();
        let mut last = None;
        for number in 0..=STARTS {
            drop(last.take());
            let Some((tray, took)) = start(&desktop, &home, &program).await else {
                return report.not_measured("tray", "its icon did not appear");
            };
            if number > 0 {
                starts.push(took);
            }
            last = Some(tray);
        }
        starts.sort();
        let tray = last.expect("a start");
        tokio::time::sleep(SETTLE).await;
        let all = family(tray.0.id());
        let before = ticks(&all);
        tokio::time::sleep(IDLE).await;
        let used = ticks(&all) - before;
        let build = program
            .parent()
            .and_then(Path::file_name)
            .unwrap_or_default();
        let build = build.to_string_lossy();
        let pss = all.iter().map(|id| pss(*id)).sum::<u64>() as f64 / 1024.0;
        report.at_most(&format!("tray ({build}): PSS"), pss, "MB", 60.0);
        report.at_most(
            &format!("tray ({build}): CPU ticks in 20 s"),
            used as f64,
            "",
            0.0,
        );
        let median = starts[STARTS / 2].as_secs_f64() * 1000.0;
        report.at_most(
            &format!("tray ({build}): start to icon, median"),
            median,
            "ms",
            150.0,
        );
    }

    /// As it is shipped, if it was built so.
    fn program() -> Option<PathBuf> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        ["release", "debug"]
            .map(|build| target.join(build).join("mechanical-advantage"))
            .into_iter()
            .find(|path| path.exists())
    }

    async fn start(desktop: &Desktop, home: &Folder, program: &Path) -> Option<(Tray, Duration)> {
        let mut command = desktop.command(program);
        command
            .arg("--hidden")
            .env("MA_HOME", home.join("home"))
            .env("MA_AGENT_PORT", free_port().to_string())
            .env("MA_APPROVAL_PORT", free_port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let shown = desktop.tray().items().len();
        let start = Instant::now();
        let child = command.spawn().expect("the app starts");
        let tray = Tray(child);
        while desktop.tray().items().len() == shown {
            if start.elapsed() > PATIENCE {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Some((tray, start.elapsed()))
    }

    /// A process and all below it.
    fn family(id: u32) -> Vec<u32> {
        let mut all = vec![id];
        let mut next = 0;
        while let Some(parent) = all.get(next) {
            let threads = fs::read_dir(format!("/proc/{parent}/task"))
                .into_iter()
                .flatten();
            let children: Vec<u32> = threads
                .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
                .flat_map(|list| {
                    list.split_whitespace()
                        .filter_map(|id| id.parse().ok())
                        .collect::<Vec<_>>()
                })
                .collect();
            all.extend(children);
            next += 1;
        }
        all
    }

    /// Kilobytes that are its own, with its share of what it shares.
    fn pss(id: u32) -> u64 {
        let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with("Pss:"))
            .unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kb| kb.parse().ok())
            .unwrap_or(0)
    }

    /// User and system time, in ticks of the kernel.
    fn ticks(all: &[u32]) -> u64 {
        let of = |id: &u32| {
            let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let (_, rest) = text.rsplit_once(") ")?;
            let fields: Vec<&str> = rest.split(' ').collect();
            Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
        };
        all.iter().filter_map(of).sum()
    }
}
