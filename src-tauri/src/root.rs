//! The composition root: the one place where all parts meet.

use crate::{
    browser::DefaultBrowser,
    commands,
    desk::{Desk, Input},
    doors::Door,
    environment::{Environment, EnvironmentError},
    lock::{Lock, LockError},
    notices::{self, Notices},
    notify,
    shell::Shell,
    tray::Tray,
    window::{self, Place},
};
use ma_engine::{Clock, Config, Engine, OpenError, SystemClock, vault};
use notify_rust::Notification;
use std::{
    env, fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};
use tauri::{AppHandle, Manager, RunEvent};
use thiserror::Error;
use tokio::{
    runtime::{self, Runtime},
    sync::{
        mpsc::{UnboundedSender, unbounded_channel},
        watch,
    },
    task::spawn_blocking,
    time::timeout,
};
use tracing_subscriber::EnvFilter;

/// A start that takes longer is explained.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the app does not start.
#[derive(Debug, Error)]
enum StartError {
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    #[error("the folder {} cannot be used: {cause}", .home.display())]
    Folder { home: PathBuf, cause: io::Error },
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(
        "no display can be opened. Mechanical Advantage shows what agents propose: start it in a desktop session"
    )]
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "other systems have one")
    )]
    NoDisplay,
    #[error("no threads can be started: {0}")]
    Runtime(io::Error),
    #[error("the desktop does not take the app: {0}")]
    Desktop(#[from] tauri::Error),
    #[error(transparent)]
    Engine(#[from] OpenError),
}

/// Runs the app until the person quits.
pub fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("MA_LOG").unwrap_or_else(|_| "warn".into()))
        .with_writer(io::stderr)
        .init();
    match start() {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            say(&error);
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<i32, StartError> {
    let environment =
        Environment::read(env::args_os(), |name| env::var_os(name), dirs::data_dir())?;
    require_display()?;
    own_folder(&environment.home).map_err(|cause| StartError::Folder {
        home: environment.home.clone(),
        cause,
    })?;
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?;
    tauri::async_runtime::set(runtime.handle().clone());

    let (inputs, received) = unbounded_channel();
    // A second start with this folder tells the first one and ends in here.
    let app = build(&environment, inputs.clone())?;
    let _lock = Lock::take(&environment.home)?;

    let clock = SystemClock;
    let engine = runtime.block_on(patiently(open(&environment)))?;
    let changes = engine.changes();
    let notices = Notices::default();
    let (doors, stopped) = watch::channel(());
    for (door, port) in [
        (Door::Agents, environment.agent_port),
        (Door::Page, environment.page_port),
    ] {
        let opened = {
            let _entered = runtime.enter();
            door.open(port, &engine, stopped.clone())
        };
        if let Err(error) = opened {
            tracing::error!(%error, ?door, "a door stays shut");
            notices.add(door.shut(&error, clock.now()));
        }
    }
    app.manage(Shell::new(
        engine,
        notices,
        environment.home.clone(),
        receipts(&environment),
    ));
    listen_for_signals(&runtime, inputs.clone());

    let (orders, ordered) = unbounded_channel();
    let notifier = runtime.spawn(notify::run(ordered, inputs.clone()));
    let mut rest = Some((received, changes, orders, notifier, doors));
    let code = app.run_return(move |app, event| {
        if let RunEvent::ExitRequested {
            code: None, api, ..
        } = &event
        {
            api.prevent_exit();
        } else if let RunEvent::Ready = event
            && let Some((received, changes, orders, notifier, doors)) = rest.take()
        {
            let tray = tray(app, &environment.home, inputs.clone());
            let desk = Desk::new(app.clone(), clock, tray, orders, notifier, doors);
            tauri::async_runtime::spawn(desk.run(received, changes));
            if !environment.hidden {
                window::open(app, Place::default());
            }
        }
    });
    Ok(code)
}

async fn open(environment: &Environment) -> Result<Arc<Engine>, StartError> {
    let config = Config::new(
        environment.home.clone(),
        environment.agent_port,
        environment.page_port,
    );
    let home = environment.home.clone();
    let vault = spawn_blocking(move || vault::choose(&home))
        .await
        .map_err(|error| StartError::Runtime(error.into()))?;
    let engine = Engine::open(
        config,
        vault,
        Arc::new(SystemClock),
        Arc::new(DefaultBrowser),
    );
    Ok(engine.await?)
}

/// A locked keychain holds everything up until the person unlocks it.
async fn patiently<T>(opening: impl Future<Output = T>) -> T {
    let mut opening = pin!(opening);
    if let Ok(opened) = timeout(PATIENCE, &mut opening).await {
        return opened;
    }
    tracing::warn!("the start takes long; the keychain may wait to be unlocked");
    spawn_blocking(|| {
        notify_now(
            "Mechanical Advantage is starting",
            "It waits for the keychain. Unlock it when the system asks.",
        );
    });
    opening.await
}

fn build(
    environment: &Environment,
    inputs: UnboundedSender<Input>,
) -> Result<tauri::App, StartError> {
    let mut context = tauri::generate_context!();
    let config = context.config_mut();
    config.identifier = environment.identifier(&config.identifier);
    let app = tauri::Builder::default()
        .plugin(
            tauri_plugin_single_instance::Builder::new()
                .callback(move |_, _, _| {
                    let _ = inputs.send(Input::StartedAgain);
                })
                .build(),
        )
        .plugin(
            tauri_plugin_autostart::Builder::new()
                .arg("--hidden")
                .build(),
        )
        .invoke_handler(commands::handler())
        .build(context)?;
    Ok(app)
}

fn tray(app: &AppHandle, home: &Path, inputs: UnboundedSender<Input>) -> Option<Tray> {
    // On Linux the tray's library is loaded at run time, and its loader panics where it is missing.
    let made = catch_unwind(AssertUnwindSafe(|| {
        Tray::new(app, &home.join("tray"), inputs)
    }));
    match made {
        Ok(Ok(tray)) => return Some(tray),
        Ok(Err(error)) => tracing::error!(%error, "there is no tray icon"),
        Err(_) => tracing::error!("there is no tray icon: a library is missing"),
    }
    app.state::<Shell>()
        .notices
        .add(notices::no_tray(SystemClock.now()));
    None
}

fn receipts(environment: &Environment) -> PathBuf {
    let downloads = if environment.own_home {
        None
    } else {
        dirs::download_dir()
    };
    downloads.unwrap_or_else(|| environment.home.join("receipts"))
}

fn own_folder(home: &Path) -> io::Result<()> {
    fs::create_dir_all(home)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(home, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Without a display the toolkit would panic.
#[cfg(target_os = "linux")]
fn require_display() -> Result<(), StartError> {
    gtk::glib::set_application_name("Mechanical Advantage");
    gtk::init().map_err(|_| StartError::NoDisplay)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "Linux can be without a display")]
fn require_display() -> Result<(), StartError> {
    Ok(())
}

fn listen_for_signals(runtime: &Runtime, inputs: UnboundedSender<Input>) {
    runtime.spawn(async move {
        ended().await;
        let _ = inputs.send(Input::Quit);
    });
}

#[cfg(unix)]
async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn ended() {
    let _ = tokio::signal::ctrl_c().await;
}

/// There is no window yet: the terminal and a notification are all there is.
fn say(error: &StartError) {
    eprintln!("Mechanical Advantage does not start: {error}.");
    if matches!(
        error,
        StartError::NoDisplay | StartError::Lock(LockError::Taken)
    ) {
        return;
    }
    notify_now("Mechanical Advantage does not start", &format!("{error}."));
}

fn notify_now(title: &str, text: &str) {
    let shown = Notification::new()
        .appname("Mechanical Advantage")
        .summary(title)
        .body(&notify::plain_body(text))
        .show();
    if let Err(error) = shown {
        tracing::debug!(%error, "no notification was shown");
    }
}
