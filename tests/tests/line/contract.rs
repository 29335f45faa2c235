//! What the window and the page are given is what their TypeScript says.

use ma_engine::view::{
    AccountForm, AccountTest, HistoryPage, Item, PageAnswer, PageReply, PageView, PracticeView,
    ReceiptView, Refusal, SettingsView, Snapshot,
};
use std::collections::BTreeMap;
use std::path::Path;
use ts_rs::{Config, TS};

fn files(folder: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn export(folder: &Path) {
    let config = Config::new().with_out_dir(folder);
    Snapshot::export_all(&config).unwrap();
    Item::export_all(&config).unwrap();
    HistoryPage::export_all(&config).unwrap();
    ReceiptView::export_all(&config).unwrap();
    SettingsView::export_all(&config).unwrap();
    AccountForm::export_all(&config).unwrap();
    AccountTest::export_all(&config).unwrap();
    PracticeView::export_all(&config).unwrap();
    PageView::export_all(&config).unwrap();
    PageAnswer::export_all(&config).unwrap();
    PageReply::export_all(&config).unwrap();
    Refusal::export_all(&config).unwrap();
}

#[test]
fn the_types_of_the_window_are_the_ones_of_the_engine() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-ui/src/types");
    if std::env::var_os("UPDATE").is_some() {
        export(&committed);
    }
    let fresh = tempfile::tempdir().unwrap();
    export(fresh.path());
    assert_eq!(
        files(&committed),
        files(fresh.path()),
        "run the test again with UPDATE=1"
    );
}
