//! A real mail server: submission, IMAP and LMTP by Dovecot.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::folder::Folder;
use crate::process::Process;
use crate::sink::SmtpSink;
use crate::wait::{eventually_async, free_port};

const READY: Duration = Duration::from_secs(20);
const DOMAIN: &str = "example.org";
/// The user that the Debian package makes for the server's processes.
const SERVER_USER: &str = "dovecot";

/// A running server with the users alice and bob. What alice submits to bob
/// arrives in bob's inbox. It ends with the value.
#[derive(Debug)]
pub struct Dovecot {
    /// Submission on 127.0.0.1 with STARTTLS. Dovecot takes a client of the same
    /// machine for secure, so that a login passes without it too.
    pub submission: u16,
    /// Submission on 127.0.0.1, encrypted from the first byte.
    pub submissions: u16,
    /// IMAP on 127.0.0.1.
    pub imap: u16,
    /// What the server was asked to relay, before it came back.
    pub relay: SmtpSink,
    authority: String,
    process: Process,
    folder: Folder,
}

impl Dovecot {
    /// The password of every user.
    pub const PASSWORD: &'static str = "correct horse";

    /// Starts one and waits until it answers.
    pub async fn start() -> Self {
        let [submission, submissions, imap, lmtp] = std::array::from_fn(|_| free_port());
        let relay = SmtpSink::delivering_to(SocketAddr::from(([127, 0, 0, 1], lmtp))).await;
        let folder = Folder::new();
        let owner = Owner::of(folder.path());
        let authority = certificates(&folder);
        folder.subfolder("run");
        folder.write("users", users(&folder, &owner));
        let settings = Settings {
            folder: folder.path(),
            owner: &owner,
            ports: [submission, submissions, imap, lmtp],
            relay: relay.port,
        };
        let file = folder.write("dovecot.conf", settings.text());
        owner.take(folder.path());
        let process = Process::start(&owner.command(&file));
        let server = Self {
            submission,
            submissions,
            imap,
            relay,
            authority,
            process,
            folder,
        };
        for port in [submission, imap, lmtp] {
            server.greeted_at(port).await;
        }
        server
    }

    /// The address of `user` (`alice` or `bob`), which is also the login name.
    pub fn address(user: &str) -> String {
        format!("{user}@{DOMAIN}")
    }

    /// The authority that a client has to trust, as PEM. The certificate is for
    /// `localhost` and 127.0.0.1.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The same in a file.
    pub fn authority_file(&self) -> std::path::PathBuf {
        self.folder.join("authority.pem")
    }

    /// Every mail in the inbox of `user`, oldest first, read by IMAP.
    pub async fn inbox(&self, user: &str) -> Vec<Vec<u8>> {
        let mut imap = Imap::connect(self.imap).await;
        let (address, password) = (Self::address(user), Self::PASSWORD);
        imap.ask(&format!("LOGIN \"{address}\" \"{password}\""))
            .await;
        imap.ask("EXAMINE INBOX").await;
        imap.ask("UID FETCH 1:* BODY.PEEK[]").await
    }

    /// Waits until the inbox of `user` holds a mail, and gives the first.
    pub async fn first_mail(&self, user: &str, within: Duration) -> Vec<u8> {
        eventually_async("a mail", within, async || {
            self.inbox(user).await.into_iter().next()
        })
        .await
    }

    /// What the server wrote to its log until now.
    pub fn log(&self) -> String {
        self.process.errors()
    }

    async fn greeted_at(&self, port: u16) {
        let greeted = timeout(READY, async {
            loop {
                if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
                    let mut line = String::new();
                    let read = BufReader::new(stream).read_line(&mut line).await;
                    if read.is_ok_and(|length| length > 0) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(
            greeted.await.is_ok(),
            "dovecot does not answer:\n{}",
            self.log()
        );
    }
}

/// Whose the processes and the mails are. As root it is Dovecot's own user,
/// because Dovecot runs nothing that reads mail as root.
struct Owner {
    name: String,
    user: u32,
    group: u32,
    root: bool,
}

impl Owner {
    fn of(folder: &Path) -> Self {
        let data = folder.metadata().expect("a folder");
        let root = data.uid() == 0;
        let id = |flag, own: u32| {
            if root {
                id_of(&[flag, SERVER_USER]).parse().expect("a number")
            } else {
                own
            }
        };
        let name = if root {
            SERVER_USER.to_owned()
        } else {
            id_of(&["-un"])
        };
        Self {
            name,
            user: id("-u", data.uid()),
            group: id("-g", data.gid()),
            root,
        }
    }

    fn take(&self, path: &Path) {
        if !self.root {
            return;
        }
        chown(path, Some(self.user), Some(self.group)).expect("chown");
        if path.is_dir() {
            for entry in path.read_dir().expect("a folder") {
                self.take(&entry.expect("an entry").path());
            }
        }
    }

    fn command(&self, settings: &Path) -> Command {
        let mut words = Vec::new();
        let (user, group) = (self.user.to_string(), self.group.to_string());
        if self.root {
            words.extend([
                "setpriv",
                "--reuid",
                &user,
                "--regid",
                &group,
                "--clear-groups",
            ]);
        }
        words.extend(["/usr/sbin/dovecot", "-F", "-c"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(settings);
        command
    }
}

fn id_of(arguments: &[&str]) -> String {
    let output = Command::new("id").args(arguments).output().expect("id");
    assert!(
        output.status.success(),
        "no user {arguments:?}: is dovecot installed?"
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

fn users(folder: &Folder, owner: &Owner) -> String {
    let mut text = String::new();
    for user in ["alice", "bob"] {
        let address = Dovecot::address(user);
        let home = folder.subfolder(user);
        let (password, uid, gid, home) =
            (Dovecot::PASSWORD, owner.user, owner.group, home.display());
        writeln!(text, "{address}:{{PLAIN}}{password}:{uid}:{gid}::{home}::").expect("text");
    }
    text
}

/// An authority and a certificate that it signed; the authority as PEM.
fn certificates(folder: &Folder) -> String {
    let mut authority = CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = ["localhost", "127.0.0.1"].map(String::from);
    let server = CertificateParams::new(names).expect("names");
    let server = server.signed_by(&key, &authority).expect("a certificate");
    folder.write("server.pem", server.pem());
    folder.write("server.key", key.serialize_pem());
    folder.write("authority.pem", authority.pem());
    authority.pem()
}

struct Settings<'a> {
    folder: &'a Path,
    owner: &'a Owner,
    ports: [u16; 4],
    relay: u16,
}

impl Settings<'_> {
    fn text(&self) -> String {
        let [submission, submissions, imap, lmtp] = self.ports;
        let (folder, user, relay) = (self.folder.display(), &self.owner.name, self.relay);
        format!(
            "base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/stderr
protocols = imap submission lmtp
listen = 127.0.0.1
hostname = localhost
default_internal_user = {user}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:~/Maildir
auth_failure_delay = 0
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_ssl = no
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = passwd-file
  args = {folder}/users
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission}
  }}
  inet_listener submissions {{
    port = {submissions}
    ssl = yes
  }}
}}
service lmtp {{
  user = {user}
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"
        )
    }
}

/// Just enough of IMAP to read one folder.
struct Imap {
    stream: BufReader<TcpStream>,
}

impl Imap {
    async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("imap");
        let mut imap = Self {
            stream: BufReader::new(stream),
        };
        imap.line().await;
        imap
    }

    /// Sends one command; gives the literals of its answer.
    async fn ask(&mut self, command: &str) -> Vec<Vec<u8>> {
        let line = format!("a {command}\r\n");
        self.stream.write_all(line.as_bytes()).await.expect("imap");
        let mut literals = Vec::new();
        loop {
            let line = self.line().await;
            if let Some(result) = line.strip_prefix("a ") {
                assert!(result.starts_with("OK"), "{command}: {line}");
                return literals;
            }
            let length = line
                .strip_suffix('}')
                .and_then(|line| line.rsplit_once('{'));
            if let Some((_, length)) = length {
                let mut literal = vec![0; length.parse().expect("a length")];
                self.stream
                    .read_exact(&mut literal)
                    .await
                    .expect("a literal");
                literals.push(literal);
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.expect("imap");
        assert!(read > 0, "imap: the server left");
        line.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests;
