//! One connection writes. What waits is committed together by a thread: one fsync serves many
//! (group commit). Where nothing waits the caller commits by itself, without waking another
//! thread. Each job is a savepoint, so one that fails takes nothing with it.

use super::{StoreError, log};
use crate::Change;
use ed25519_dalek::SigningKey;
use ma_core::tree::TreeRoot;
use ma_core::{InstallId, LogEntry};
use rusqlite::Connection;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{broadcast, oneshot};

/// The most jobs of one transaction: it bounds how long the first waits for the last.
const BATCH: usize = 128;

type Settle = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

trait Work: Send {
    /// Does it. Gives whether to keep what it wrote, and how to answer once that is known.
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> (bool, Settle);
    /// Answers without doing it.
    fn refuse(self: Box<Self>, error: StoreError);
}

struct Asked<F, T, E> {
    job: F,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Work for Asked<F, T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn run(self: Box<Self>, tx: &mut Tx<'_>) -> (bool, Settle) {
        let result = (self.job)(tx);
        let keep = result.is_ok();
        let reply = self.reply;
        let settle: Settle = Box::new(move |committed| {
            // Nobody may listen any more: what was committed stays committed.
            let _ = reply.send(match committed {
                Ok(()) => result,
                Err(error) => result.and(Err(error.into())),
            });
        });
        (keep, settle)
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error.into()));
    }
}

pub(super) struct Job(Box<dyn Work>);

impl Job {
    pub(super) fn new<T, E, F>(job: F, reply: oneshot::Sender<Result<T, E>>) -> Self
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        Self(Box::new(Asked { job, reply }))
    }
}

enum Message {
    Run(Job),
    Close,
}

/// How the log's checkpoints are signed, and who is told of changes.
pub(crate) struct Signer {
    pub(crate) install: InstallId,
    pub(crate) key: SigningKey,
    pub(crate) changes: broadcast::Sender<Change>,
    /// The root that is on the disk.
    pub(crate) head: Arc<Mutex<TreeRoot>>,
}

pub(super) struct Writer {
    sender: Sender<Message>,
    file: Arc<Mutex<File>>,
    /// Jobs that the thread has not done yet.
    waiting: Arc<AtomicUsize>,
}

/// What writes. Whoever holds its lock commits.
struct File {
    /// `None` once the store is closed.
    connection: Option<Connection>,
    signer: Option<Signer>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (sender, receiver) = channel();
        let file = Arc::new(Mutex::new(File {
            connection: Some(connection),
            signer: None,
        }));
        let waiting = Arc::new(AtomicUsize::new(0));
        let (held, counted) = (Arc::clone(&file), Arc::clone(&waiting));
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || run(&held, &counted, &receiver))
            .map_err(|e| StoreError::Sqlite(e.to_string()))?;
        Ok(Self {
            sender,
            file,
            waiting,
        })
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        if self.waiting.load(Ordering::SeqCst) == 0
            && may_block()
            && let Ok(mut file) = self.file.try_lock()
        {
            tokio::task::block_in_place(|| file.commit(vec![job]));
            return Ok(());
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        self.sender
            .send(Message::Run(job))
            .map_err(|_| StoreError::Closed)
    }

    fn sign_with(&self, signer: Signer) -> Result<(), StoreError> {
        let mut file = self.file.lock().map_err(|_| StoreError::Closed)?;
        file.signer = Some(signer);
        Ok(())
    }

    pub(super) fn close(&self) {
        let _ = self.sender.send(Message::Close);
    }
}

/// A runtime with one thread has nobody to take over while it writes.
fn may_block() -> bool {
    Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

impl super::Store {
    /// Gives the writer the installation's key. Until then nothing can be appended to the log.
    pub(crate) fn sign_with(&self, signer: Signer) -> Result<(), StoreError> {
        self.writer.sign_with(signer)
    }
}

/// One job's view of the transaction.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    signer: Option<&'a Signer>,
    appended: bool,
    changes: Vec<Change>,
}

impl Tx<'_> {
    /// The connection.
    pub(crate) fn sql(&self) -> &Connection {
        self.connection
    }

    /// Appends to the log. Gives the entry's index, from 0.
    pub(crate) fn append(&mut self, entry: &LogEntry) -> Result<u64, StoreError> {
        let Some(signer) = self.signer else {
            return Err(StoreError::Closed);
        };
        if !self.appended {
            // What somebody else wrote is never signed.
            let head = *signer.head.lock().unwrap_or_else(PoisonError::into_inner);
            if log::root(self.connection)? != head {
                return Err(StoreError::Changed(
                    "the log is not the one that this app wrote".to_owned(),
                ));
            }
        }
        self.appended = true;
        log::append(self.connection, entry)
    }

    /// Tells everybody, once it is on the disk.
    pub(crate) fn tell(&mut self, change: Change) {
        self.changes.push(change);
    }
}

fn run(file: &Mutex<File>, waiting: &AtomicUsize, receiver: &Receiver<Message>) {
    while let Ok(first) = receiver.recv() {
        // A job that panicked has left its transaction open: nothing is written after it.
        let Ok(mut file) = file.lock() else { return };
        let mut jobs = Vec::new();
        let mut next = Some(first);
        let mut closing = false;
        while let Some(message) = next {
            match message {
                Message::Run(job) => jobs.push(job),
                Message::Close => {
                    closing = true;
                    break;
                }
            }
            next = (jobs.len() < BATCH)
                .then(|| receiver.try_recv().ok())
                .flatten();
        }
        let done = jobs.len();
        file.commit(jobs);
        waiting.fetch_sub(done, Ordering::SeqCst);
        if closing {
            file.connection = None;
            return;
        }
    }
}

impl File {
    fn commit(&mut self, jobs: Vec<Job>) {
        match &self.connection {
            Some(connection) => commit(connection, self.signer.as_ref(), jobs),
            None => {
                for Job(work) in jobs {
                    work.refuse(StoreError::Closed);
                }
            }
        }
    }
}

fn commit(connection: &Connection, signer: Option<&Signer>, jobs: Vec<Job>) {
    if jobs.is_empty() {
        return;
    }
    let mut settles: Vec<Settle> = Vec::with_capacity(jobs.len());
    let mut tx = Tx {
        connection,
        signer,
        appended: false,
        changes: Vec::new(),
    };
    let committed = transact(&mut tx, jobs, &mut settles);
    if committed.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    if let (Ok(Some(root)), Some(signer)) = (&committed, signer) {
        *signer.head.lock().unwrap_or_else(PoisonError::into_inner) = *root;
    }
    let answer = committed.map(|_| ());
    let happened = answer.is_ok();
    for settle in settles {
        settle(answer.clone());
    }
    if let (true, Some(signer)) = (happened, signer) {
        for change in tx.changes {
            let _ = signer.changes.send(change);
        }
    }
}

/// A statement without values or rows, compiled once.
fn execute(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

fn transact(
    tx: &mut Tx<'_>,
    jobs: Vec<Job>,
    settles: &mut Vec<Settle>,
) -> Result<Option<TreeRoot>, StoreError> {
    let connection = tx.connection;
    let mut failed = execute(connection, "BEGIN IMMEDIATE").err();
    for Job(work) in jobs {
        if let Some(error) = &failed {
            work.refuse(error.clone());
            continue;
        }
        failed = save(tx, work, settles).err();
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let root = match (tx.appended, tx.signer) {
        (true, Some(signer)) => {
            let root = log::root(connection)?;
            log::checkpoint(connection, signer, root)?;
            Some(root)
        }
        (true | false, Some(_) | None) => None,
    };
    execute(connection, "COMMIT")?;
    Ok(root)
}

fn save(tx: &mut Tx<'_>, work: Box<dyn Work>, settles: &mut Vec<Settle>) -> Result<(), StoreError> {
    let connection = tx.connection;
    let (told, appended) = (tx.changes.len(), tx.appended);
    if let Err(error) = execute(connection, "SAVEPOINT job") {
        work.refuse(error.clone());
        return Err(error);
    }
    let (keep, settle) = work.run(tx);
    settles.push(settle);
    if connection.is_autocommit() {
        // A disk that takes nothing more makes SQLite give up the whole transaction by itself.
        return Err(StoreError::Full);
    }
    if !keep {
        tx.changes.truncate(told);
        tx.appended = appended;
        execute(connection, "ROLLBACK TO job")?;
    }
    execute(connection, "RELEASE job")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use ma_core::{Digest, Record};
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn a_job_that_appends_and_then_fails_takes_no_neighbour_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path()).unwrap());
        let key = SigningKey::from_bytes(&[7; 32]);
        store
            .sign_with(Signer {
                install: InstallId::of_public_key(key.verifying_key().as_bytes()),
                key,
                changes: broadcast::channel(8).0,
                head: Arc::new(Mutex::new(TreeRoot {
                    size: 0,
                    hash: Digest::of(b""),
                })),
            })
            .unwrap();
        let entry = || LogEntry::new(1, Record::Paused { paused: true });
        let append = move |tx: &mut Tx<'_>| tx.append(&entry());
        store.write(append).await.unwrap();
        // While the writer is busy, the next two come into one transaction.
        let busy = store.write(|_| {
            std::thread::sleep(Duration::from_millis(100));
            Ok::<_, StoreError>(())
        });
        let fails = store.write(move |tx| {
            tx.append(&entry())?;
            Err::<(), _>(StoreError::Closed)
        });
        let neighbour = store.write(|tx| tx.set("expiry_days", "7"));
        let (busy, fails, neighbour) = tokio::join!(busy, fails, neighbour);
        assert_eq!(
            (busy, fails, neighbour),
            (Ok(()), Err(StoreError::Closed), Ok(()))
        );
        assert_eq!(store.setting("expiry_days").unwrap().as_deref(), Some("7"));
        assert_eq!(store.root().unwrap().size, 1);
        store.write(append).await.unwrap();
        assert_eq!(store.root().unwrap().size, 2);
    }
}
