//! The tray: draws what [`menu`] and [`icon`] say of a [`Summary`], and nothing twice.

mod icon;
mod menu;
mod summary;

pub use menu::{Choice, stays};
pub use summary::Summary;

use crate::desk::Input;
use icon::{Face, Ink, icon};
use menu::{Entry, menu, tooltip};
use std::path::Path;
use tauri::{
    AppHandle, Wry,
    menu::{IsMenuItem, Menu, MenuItem, PredefinedMenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};
use tokio::sync::mpsc::UnboundedSender;

/// The tray icon with its menu.
pub struct Tray {
    app: AppHandle,
    icon: TrayIcon,
    face: Face,
    tooltip: String,
    lines: Vec<Line>,
}

struct Line {
    entry: Entry,
    item: Option<MenuItem<Wry>>,
}

impl Tray {
    /// Puts the icon up. Each choice becomes an input. `scratch` is where Linux keeps the picture.
    pub fn new(
        app: &AppHandle,
        scratch: &Path,
        inputs: UnboundedSender<Input>,
    ) -> tauri::Result<Self> {
        let summary = Summary::default();
        let face = Face::of(&summary);
        let tooltip = tooltip(&summary);
        let (menu, lines) = build(app, menu(&summary))?;
        let icon = TrayIconBuilder::with_id("tray")
            .temp_dir_path(scratch)
            .icon(icon(face, Ink::of_system())?)
            .icon_as_template(Ink::of_system() == Ink::Template)
            .tooltip(&tooltip)
            .menu(&menu)
            .on_menu_event(move |_, event| {
                let _ = inputs.send(Input::Chose(event.id().as_ref().to_owned()));
            })
            .build(app)?;
        Ok(Self {
            app: app.clone(),
            icon,
            face,
            tooltip,
            lines,
        })
    }

    /// Shows a summary; touches only what reads differently, so that an open menu stays open.
    pub fn show(&mut self, summary: &Summary) -> tauri::Result<()> {
        let face = Face::of(summary);
        if face != self.face {
            let template = Ink::of_system() == Ink::Template;
            self.icon
                .set_icon_with_as_template(Some(icon(face, Ink::of_system())?), template)?;
            self.face = face;
        }
        let tooltip = tooltip(summary);
        if tooltip != self.tooltip {
            self.icon.set_tooltip(Some(&tooltip))?;
            self.tooltip = tooltip;
        }
        let entries = menu(summary);
        if entries.len() == self.lines.len()
            && entries
                .iter()
                .zip(&self.lines)
                .all(|(new, old)| alike(new, &old.entry))
        {
            return entries
                .into_iter()
                .zip(&mut self.lines)
                .try_for_each(|(new, old)| old.set(new));
        }
        let (menu, lines) = build(&self.app, entries)?;
        self.icon.set_menu(Some(menu))?;
        self.lines = lines;
        Ok(())
    }

    /// What stands behind the id of a menu event.
    pub fn choice(&self, id: &str) -> Option<Choice> {
        self.lines
            .iter()
            .find_map(|line| match (&line.entry, &line.item) {
                (Entry::Choice(_, choice), Some(item)) if item.id().as_ref() == id => {
                    Some(choice.clone())
                }
                _ => None,
            })
    }
}

impl Line {
    fn set(&mut self, entry: Entry) -> tauri::Result<()> {
        if entry != self.entry {
            if let (Entry::Words(text) | Entry::Choice(text, _), Some(item)) = (&entry, &self.item)
            {
                item.set_text(label(text))?;
            }
            self.entry = entry;
        }
        Ok(())
    }
}

/// Only their words may differ.
fn alike(new: &Entry, old: &Entry) -> bool {
    match (new, old) {
        (Entry::Words(_), Entry::Words(_)) | (Entry::Line, Entry::Line) => true,
        (Entry::Choice(_, new), Entry::Choice(_, old)) => new == old,
        _ => false,
    }
}

fn build(app: &AppHandle, entries: Vec<Entry>) -> tauri::Result<(Menu<Wry>, Vec<Line>)> {
    let menu = Menu::new(app)?;
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        let item = match &entry {
            Entry::Words(text) => Some(MenuItem::new(app, label(text), false, None::<&str>)?),
            Entry::Choice(text, _) => Some(MenuItem::new(app, label(text), true, None::<&str>)?),
            Entry::Line => None,
        };
        match &item {
            Some(item) => menu.append(item as &dyn IsMenuItem<Wry>)?,
            None => menu.append(&PredefinedMenuItem::separator(app)?)?,
        }
        lines.push(Line { entry, item });
    }
    Ok((menu, lines))
}

/// A menu reads `&` as the mark of an access key.
fn label(text: &str) -> String {
    text.replace('&', "&&")
}
