//! Figures, and the targets beside them.

use serde_json::{Value, json};
use std::time::Duration;

enum Target {
    None,
    AtMost(f64),
    AtLeast(f64),
}

struct Figure {
    name: String,
    value: Option<f64>,
    unit: &'static str,
    target: Target,
    note: String,
}

#[derive(Default)]
pub struct Report(Vec<Figure>);

impl Report {
    pub fn plain(&mut self, name: &str, value: f64, unit: &'static str) {
        self.add(name, Some(value), unit, Target::None, "");
    }

    pub fn at_most(&mut self, name: &str, value: f64, unit: &'static str, most: f64) {
        self.add(name, Some(value), unit, Target::AtMost(most), "");
    }

    pub fn at_least(&mut self, name: &str, value: f64, unit: &'static str, least: f64) {
        self.add(name, Some(value), unit, Target::AtLeast(least), "");
    }

    pub fn not_measured(&mut self, name: &str, reason: &str) {
        let note = format!("not measured: {reason}");
        self.add(name, None, "", Target::None, &note);
    }

    fn add(
        &mut self,
        name: &str,
        value: Option<f64>,
        unit: &'static str,
        target: Target,
        note: &str,
    ) {
        self.0.push(Figure {
            name: name.to_owned(),
            value,
            unit,
            target,
            note: note.to_owned(),
        });
    }

    pub fn json(&self) -> Value {
        let figures = self.0.iter().map(|figure| {
            json!({
                "name": figure.name,
                "value": figure.value,
                "unit": figure.unit,
                "target": figure.target(),
                "met": figure.met(),
                "note": figure.note,
            })
        });
        json!({"figures": figures.collect::<Vec<_>>()})
    }

    pub fn print(&self) {
        for figure in &self.0 {
            let value = figure
                .value
                .map_or_else(|| figure.note.clone(), |v| format!("{v:10.2}"));
            let verdict = match figure.met() {
                None => "",
                Some(true) => "met",
                Some(false) => "MISSED",
            };
            let target = figure.target().unwrap_or_default();
            println!(
                "{:52} {value} {:8} {target:10} {verdict}",
                figure.name, figure.unit
            );
        }
    }
}

impl Figure {
    fn target(&self) -> Option<String> {
        match self.target {
            Target::None => None,
            Target::AtMost(most) => Some(format!("<= {most}")),
            Target::AtLeast(least) => Some(format!(">= {least}")),
        }
    }

    fn met(&self) -> Option<bool> {
        let value = self.value?;
        match self.target {
            Target::None => None,
            Target::AtMost(most) => Some(value <= most),
            Target::AtLeast(least) => Some(value >= least),
        }
    }
}

/// Times of one kind.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// In milliseconds: half of them, or 95 of 100, took no longer.
    pub fn part(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort();
        let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted[index].as_secs_f64() * 1000.0
    }

    /// How many there would be in a second, one after the other.
    pub fn rate(&self) -> f64 {
        let all: Duration = self.0.iter().sum();
        self.0.len() as f64 / all.as_secs_f64()
    }
}
