//! The one owner of what the shell shows outside the window. All that can happen arrives here.

use crate::{
    notices,
    notify::{
        Order, Report,
        bundle::{Bundler, Happening},
    },
    shell::Shell,
    tray::{self, Choice, Summary, Tray},
    window::{self, Place, View},
};
use ma_core::State;
use ma_engine::{
    Change, Clock,
    view::{Loudness, Notice, Snapshot},
};
use std::{ops::ControlFlow, time::Duration};
use tauri::{AppHandle, Manager};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc::{UnboundedReceiver, UnboundedSender},
        watch,
    },
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

/// Many changes in so short a time are drawn once.
const PACE: Duration = Duration::from_millis(100);
/// What everything may take to come to rest.
const FAREWELL: Duration = Duration::from_secs(5);

/// Everything that reaches the shell from outside the engine.
#[derive(Debug)]
pub enum Input {
    /// A line of the tray's menu, by its id.
    Chose(String),
    /// From the notifications.
    Notified(Report),
    /// The person started the app again.
    StartedAgain,
    /// The system asks the app to end.
    Quit,
}

/// The owner.
pub struct Desk<C> {
    app: AppHandle,
    clock: C,
    tray: Option<Tray>,
    orders: UnboundedSender<Order>,
    notifier: JoinHandle<()>,
    /// Dropped, it shuts the doors.
    open: watch::Sender<()>,
    bundler: Bundler,
    /// When to draw next.
    due: Option<Instant>,
    drawn: Instant,
    /// When an age in the menu reads differently.
    older: Option<Instant>,
    /// What was wrong at the start has been told.
    greeted: bool,
}

impl<C: Clock> Desk<C> {
    /// All parts.
    pub fn new(
        app: AppHandle,
        clock: C,
        tray: Option<Tray>,
        orders: UnboundedSender<Order>,
        notifier: JoinHandle<()>,
        open: watch::Sender<()>,
    ) -> Self {
        let now = Instant::now();
        Self {
            app,
            clock,
            tray,
            orders,
            notifier,
            open,
            bundler: Bundler::default(),
            due: Some(now),
            drawn: now,
            older: None,
            greeted: false,
        }
    }

    /// Serves until the person quits.
    pub async fn run(
        mut self,
        mut inputs: UnboundedReceiver<Input>,
        mut changes: broadcast::Receiver<Change>,
    ) {
        loop {
            let told = self.bundler.due().map(Instant::from_std);
            let flow = tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.heard(input).await,
                    None => ControlFlow::Break(()),
                },
                change = changes.recv() => self.changed(change),
                () = at(earliest([self.due, self.older])) => self.draw().await,
                () = at(told) => self.told_later(),
            };
            if flow.is_break() {
                break;
            }
        }
        drop(self.open);
        drop(self.orders);
        let rest = async {
            self.app.state::<Shell>().engine.shutdown().await;
            let _ = self.notifier.await;
        };
        if timeout(FAREWELL, rest).await.is_err() {
            tracing::warn!("not everything came to rest in time");
        }
        self.app.exit(0);
    }

    async fn heard(&mut self, input: Input) -> ControlFlow<()> {
        match input {
            Input::Chose(id) => {
                if let Some(choice) = self.tray.as_ref().and_then(|tray| tray.choice(&id)) {
                    return self.chose(choice).await;
                }
            }
            Input::Notified(Report::Read(place)) => window::open(&self.app, place),
            Input::Notified(Report::NoService) => self.no_notifications(),
            Input::StartedAgain => window::open(&self.app, Place::default()),
            Input::Quit => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    async fn chose(&mut self, choice: Choice) -> ControlFlow<()> {
        match choice {
            Choice::Read(id) => window::open(&self.app, Place::item(id)),
            Choice::Settle(id) => window::open(&self.app, Place::past(id)),
            Choice::Queue => window::open(&self.app, Place::default()),
            Choice::Settings => window::open(&self.app, Place::of(View::Settings)),
            Choice::Pause => self.pause(true).await,
            Choice::Resume => self.pause(false).await,
            Choice::Quit => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn changed(&mut self, change: Result<Change, RecvError>) -> ControlFlow<()> {
        match change {
            Ok(change) => self.happened(change),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return ControlFlow::Break(()),
        }
        self.draw_soon();
        ControlFlow::Continue(())
    }

    fn happened(&mut self, change: Change) {
        if let Some(happening) = happening(change) {
            let orders = self.bundler.take(happening, Instant::now().into_std());
            self.give(orders);
        }
    }

    fn told_later(&mut self) -> ControlFlow<()> {
        let orders = self.bundler.tick(Instant::now().into_std());
        self.give(orders);
        ControlFlow::Continue(())
    }

    async fn pause(&mut self, paused: bool) {
        if let Err(refusal) = self.app.state::<Shell>().engine.set_paused(paused).await {
            tracing::error!(
                code = refusal.code,
                "agents were neither paused nor resumed"
            );
        }
    }

    fn no_notifications(&mut self) {
        tracing::warn!("no notification service answers");
        self.app
            .state::<Shell>()
            .notices
            .add(notices::no_notifications(self.clock.now()));
        self.draw_soon();
    }

    fn draw_soon(&mut self) {
        self.due
            .get_or_insert(Instant::now().max(self.drawn + PACE));
    }

    async fn draw(&mut self) -> ControlFlow<()> {
        self.due = None;
        self.older = None;
        self.drawn = Instant::now();
        window::changed(&self.app);
        match self.app.state::<Shell>().snapshot().await {
            Ok(snapshot) => self.show(snapshot),
            Err(refusal) => tracing::error!(code = refusal.code, "the tray cannot be drawn"),
        }
        ControlFlow::Continue(())
    }

    fn show(&mut self, snapshot: Snapshot) {
        let summary = Summary::of(&snapshot);
        self.older = tray::stays(&summary).map(|stays| self.drawn + stays);
        self.greet(snapshot.notices);
        if let Some(tray) = &mut self.tray
            && let Err(error) = tray.show(&summary)
        {
            tracing::error!(%error, "the tray cannot be drawn");
        }
    }

    /// What went wrong before anyone listened is told once.
    fn greet(&mut self, notices: Vec<Notice>) {
        if std::mem::replace(&mut self.greeted, true) {
            return;
        }
        for notice in notices
            .into_iter()
            .filter(|notice| notice.loudness == Loudness::Stop)
        {
            self.happened(Change::Alarm(notice));
        }
    }

    fn give(&self, orders: Vec<Order>) {
        for order in orders {
            // Without its receiver there are no notifications, and nothing else is lost.
            let _ = self.orders.send(order);
        }
    }
}

fn happening(change: Change) -> Option<Happening> {
    match change {
        Change::Proposed {
            id,
            agent,
            does,
            to,
            more,
            title,
        } => Some(Happening::Proposed {
            id,
            agent,
            does,
            to,
            more,
            title,
        }),
        Change::Moved { id, state } => match state {
            State::Pending => None,
            State::InDoubt => Some(Happening::InDoubt(id)),
            State::Failed => Some(Happening::Failed(id)),
            State::Held
            | State::Executing
            | State::Executed
            | State::Rejected
            | State::Withdrawn
            | State::Superseded
            | State::Expired => Some(Happening::Decided(id)),
        },
        Change::PairingAsked { id, name, code } => Some(Happening::PairingAsked { id, name, code }),
        Change::Alarm(Notice {
            code, title, text, ..
        }) => Some(Happening::Alarm { code, title, text }),
        Change::Revoked { .. } | Change::Other => None,
    }
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

fn earliest(instants: [Option<Instant>; 2]) -> Option<Instant> {
    instants.into_iter().flatten().min()
}
