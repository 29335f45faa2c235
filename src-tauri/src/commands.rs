//! What the review window may call. Everything is decided in the engine.
//!
//! `permissions/review.toml` lists the same names; a command that is not there cannot be called.
#![allow(
    clippy::needless_pass_by_value,
    reason = "Tauri hands arguments over by value"
)]

use crate::{
    shell::Shell,
    window::{self, Place},
};
use ma_engine::view::{
    AccountForm, AccountTest, CeremonyView, HistoryPage, Item, PracticeView, ReceiptView, Refusal,
    SettingsView, Snapshot,
};
use tauri::{AppHandle, State, Wry, command, ipc::Invoke};
use tauri_plugin_autostart::ManagerExt;

type Answer<T> = Result<T, Refusal>;

/// All of them.
pub fn handler() -> impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        initial,
        snapshot,
        item,
        begin_approval,
        begin_pairing,
        begin_enrolment,
        begin_passkey_revocation,
        cancel_ceremony,
        refuse_pairing,
        reject,
        undo,
        settle,
        history,
        receipt,
        export_receipt,
        settings,
        revoke_agent,
        test_account,
        add_account,
        set_default_account,
        set_paused,
        set_autostart,
        set_expiry_days,
        practice,
        dismiss,
    ]
}

#[command]
async fn initial(shell: State<'_, Shell>) -> Answer<Place> {
    Ok(shell.take_place())
}

#[command]
async fn snapshot(shell: State<'_, Shell>) -> Answer<Snapshot> {
    shell.snapshot().await
}

#[command]
async fn item(shell: State<'_, Shell>, id: String) -> Answer<Item> {
    shell.engine.item(&id).await
}

#[command]
async fn begin_approval(shell: State<'_, Shell>, id: String) -> Answer<CeremonyView> {
    shell.engine.begin_approval(&id).await
}

#[command]
async fn begin_pairing(shell: State<'_, Shell>, id: String) -> Answer<CeremonyView> {
    shell.engine.begin_pairing(&id).await
}

#[command]
async fn begin_enrolment(shell: State<'_, Shell>, label: String) -> Answer<CeremonyView> {
    shell.engine.begin_enrolment(&label).await
}

#[command]
async fn begin_passkey_revocation(shell: State<'_, Shell>, id: String) -> Answer<CeremonyView> {
    shell.engine.begin_passkey_revocation(&id).await
}

#[command]
async fn cancel_ceremony(shell: State<'_, Shell>) -> Answer<()> {
    shell.engine.cancel_ceremony().await
}

#[command]
async fn refuse_pairing(shell: State<'_, Shell>, id: String) -> Answer<()> {
    shell.engine.refuse_pairing(&id).await
}

#[command]
async fn reject(shell: State<'_, Shell>, id: String, reason: String) -> Answer<()> {
    shell.engine.reject(&id, &reason).await
}

#[command]
async fn undo(shell: State<'_, Shell>, id: String) -> Answer<()> {
    shell.engine.undo(&id).await
}

#[command]
async fn settle(shell: State<'_, Shell>, id: String, happened: bool) -> Answer<()> {
    shell.engine.settle(&id, happened).await
}

#[command]
async fn history(shell: State<'_, Shell>, older: Option<String>) -> Answer<HistoryPage> {
    shell.engine.history(older.as_deref()).await
}

#[command]
async fn receipt(shell: State<'_, Shell>, id: String) -> Answer<ReceiptView> {
    shell.engine.receipt(&id).await
}

#[command]
async fn export_receipt(shell: State<'_, Shell>, id: String) -> Answer<String> {
    shell.engine.export_receipt(&id, &shell.receipts).await
}

#[command]
async fn settings(app: AppHandle, shell: State<'_, Shell>) -> Answer<SettingsView> {
    let autostart = app.autolaunch().is_enabled().ok();
    Ok(SettingsView {
        autostart,
        ..shell.engine.settings().await?
    })
}

#[command]
async fn revoke_agent(shell: State<'_, Shell>, id: String) -> Answer<()> {
    shell.engine.revoke_agent(&id).await
}

#[command]
async fn test_account(shell: State<'_, Shell>, form: AccountForm) -> Answer<AccountTest> {
    shell.engine.test_account(form).await
}

#[command]
async fn add_account(shell: State<'_, Shell>, form: AccountForm) -> Answer<AccountTest> {
    shell.engine.add_account(form).await
}

#[command]
async fn set_default_account(shell: State<'_, Shell>, id: String) -> Answer<()> {
    shell.engine.set_default_account(&id).await
}

#[command]
async fn set_paused(shell: State<'_, Shell>, paused: bool) -> Answer<()> {
    shell.engine.set_paused(paused).await
}

#[command]
async fn set_autostart(app: AppHandle, on: bool) -> Answer<()> {
    let autostart = app.autolaunch();
    let changed = if on {
        autostart.enable()
    } else {
        autostart.disable()
    };
    changed.map_err(|error| Refusal {
        code: "autostart_failed".to_owned(),
        message: format!("The start at login was not changed: {error}."),
        next: "Change it in the settings of the desktop.".to_owned(),
    })
}

#[command]
async fn set_expiry_days(shell: State<'_, Shell>, days: u32) -> Answer<()> {
    shell.engine.set_expiry_days(days).await
}

#[command]
async fn practice(shell: State<'_, Shell>) -> Answer<PracticeView> {
    shell.engine.practice().await
}

#[command]
async fn dismiss(app: AppHandle, shell: State<'_, Shell>, code: String) -> Answer<()> {
    if shell.notices.dismiss(&code) {
        window::changed(&app);
        return Ok(());
    }
    shell.engine.dismiss(&code).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    const SOURCE: &str = include_str!("commands.rs");
    const PERMISSION: &str = include_str!("../permissions/review.toml");
    const CAPABILITY: &str = include_str!("../capabilities/review.json");

    #[test]
    fn the_window_may_call_exactly_the_commands_that_exist() {
        let commands: BTreeSet<_> = SOURCE
            .split("\n#[command]\n")
            .skip(1)
            .filter_map(|rest| rest.strip_prefix("async fn ")?.split(['(', '<']).next())
            .collect();
        let allowed: BTreeSet<_> = PERMISSION
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split('"').next())
            .collect();
        assert_eq!(commands.len(), 25);
        assert_eq!(commands, allowed);
    }

    #[test]
    fn nothing_but_the_review_window_may_call_anything() {
        insta::assert_snapshot!(CAPABILITY);
    }
}
