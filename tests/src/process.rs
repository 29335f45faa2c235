//! Child processes that never outlive the test.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::folder::Folder;
use crate::wait::eventually;

/// The program takes the shell's place and leads a process group. The shell's
/// background half reads the pipe that the test holds open: when it closes,
/// because the value was dropped or because the test died, the group is killed.
const LEAD: &str = r#"exec 3<&0
(exec </dev/null >/dev/null 2>&1; read -r _ <&3; kill -KILL 0) &
exec "$@" 3<&- </dev/null"#;

/// A running program with all that it started.
#[derive(Debug)]
pub struct Process {
    child: Child,
    leash: Option<ChildStdin>,
    folder: Folder,
}

impl Process {
    /// Starts `command` (program, arguments, environment, folder). Its standard
    /// input is empty; what it prints can be read with [`Self::output`] and
    /// [`Self::errors`].
    pub fn start(command: &Command) -> Self {
        let folder = Folder::new();
        let file = |name| File::create(folder.join(name)).expect("a log");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", LEAD, "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(file("out"))
            .stderr(file("err"))
            .process_group(0);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(path) = command.get_current_dir() {
            shell.current_dir(path);
        }
        let mut child = shell.spawn().expect("a shell");
        let leash = child.stdin.take();
        Self {
            child,
            leash,
            folder,
        }
    }

    /// Its id: that of the program itself, not of a wrapper.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_none()
    }

    /// What it wrote to its standard output until now.
    pub fn output(&self) -> String {
        self.read("out")
    }

    /// What it wrote to its standard error until now.
    pub fn errors(&self) -> String {
        self.read("err")
    }

    /// Sends a signal, e.g. `TERM`, to the program alone.
    pub fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.id());
        let done = Command::new("sh").args(["-c", &script]).status();
        assert!(done.expect("kill").success(), "kill -{name}");
    }

    /// Waits for its own end.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        eventually("the end of a process", within, || {
            self.child.try_wait().expect("its state")
        })
        .await
    }

    /// Kills it, and all that it started, at once.
    pub fn kill(&mut self) {
        drop(self.leash.take());
        drop(self.child.wait());
    }

    fn read(&self, name: &str) -> String {
        let mut bytes = Vec::new();
        let path: PathBuf = self.folder.join(name);
        let mut file = File::open(path).expect("a log");
        file.read_to_end(&mut bytes).expect("a log");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn runs(id: &str) -> bool {
        // A killed orphan may stay a zombie when nobody collects it.
        std::fs::read_to_string(Path::new("/proc").join(id).join("stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn a_process_is_read_while_it_runs_and_after_its_end() {
        let mut process =
            Process::start(sh("echo $WORD; echo bad >&2; exit 3").env("WORD", "good"));
        assert_eq!(process.ended(SOON).await.code(), Some(3));
        assert_eq!(
            (process.output(), process.errors()),
            ("good\n".into(), "bad\n".into())
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_dropped_process_takes_its_children_with_it() {
        let process = Process::start(&sh("sleep 600 & echo $! $$; wait"));
        let line = eventually("its ids", SOON, || {
            process.output().strip_suffix('\n').map(String::from)
        })
        .await;
        let (child, own) = line.split_once(' ').unwrap();
        assert_eq!(own, process.id().to_string());
        assert!(runs(child) && runs(own));
        drop(process);
        eventually("the end of both", SOON, || {
            (!runs(child) && !runs(own)).then_some(())
        })
        .await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_death_of_the_owner_ends_a_process_too() {
        // Another shell is the owner here, in a group of its own.
        let lead = LEAD.replace('\'', r"'\''");
        let script =
            format!("sleep 600 | setsid sh -c '{lead}' sh sh -c 'echo $$; exec sleep 600'");
        let mut owner = Process::start(&sh(&script));
        let line = || owner.output().strip_suffix('\n').map(String::from);
        let sleeper = eventually("its id", SOON, line).await;
        assert!(runs(&sleeper));
        owner.kill();
        eventually("its end", SOON, || (!runs(&sleeper)).then_some(())).await;
    }
}
