//! The tray's icon, put together from layers: the mark's own parts tell the state.

use super::summary::Summary;
use tauri::image::Image;

/// Width and height.
pub const SIZE: u32 = 32;

const WIDTH: usize = SIZE as usize;
const PIXELS: usize = WIDTH * WIDTH;

/// What the icon says. Shapes differ, so none needs a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// The load is hollow.
    Idle,
    /// The load is on, and the count stands on the lever's arm.
    Waiting(usize),
    /// Two bars hold the beam.
    Paused,
    /// The fulcrum is a warning sign.
    Warning,
}

/// The glyph's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// White with a dark rim: legible on dark panels and on light ones.
    Rimmed,
    /// Black: the system colours it (macOS template).
    Template,
}

impl Face {
    /// Warning beats paused beats waiting.
    pub fn of(summary: &Summary) -> Self {
        if !summary.alarms.is_empty() || !summary.doubts.is_empty() {
            Self::Warning
        } else if summary.paused {
            Self::Paused
        } else if summary.count() > 0 {
            Self::Waiting(summary.count())
        } else {
            Self::Idle
        }
    }

    fn layers(self) -> Vec<&'static [u8]> {
        match self {
            Self::Idle => vec![
                layer::LOAD_HOLLOW,
                layer::FINGER,
                layer::BEAM,
                layer::FULCRUM,
            ],
            Self::Waiting(count) => {
                let mut layers = vec![layer::LOAD, layer::BEAM, layer::FULCRUM];
                let count = count.min(99);
                if count < 10 {
                    layers.extend(layer::SINGLE.get(count.saturating_sub(1)));
                } else {
                    layers.extend(layer::LEFT.get(count / 10 - 1));
                    layers.extend(layer::RIGHT.get(count % 10));
                }
                layers
            }
            Self::Paused => vec![layer::PAUSED],
            Self::Warning => vec![layer::WARNING],
        }
    }
}

impl Ink {
    /// What this system's panels need.
    pub const fn of_system() -> Self {
        if cfg!(target_os = "macos") {
            Self::Template
        } else {
            Self::Rimmed
        }
    }
}

/// The icon.
pub fn icon(face: Face, ink: Ink) -> tauri::Result<Image<'static>> {
    let mut shape = vec![0_u8; PIXELS];
    for layer in face.layers() {
        let layer = Image::from_bytes(layer)?;
        for (alpha, pixel) in shape.iter_mut().zip(layer.rgba().chunks_exact(4)) {
            *alpha = (*alpha).max(pixel.last().copied().unwrap_or(0));
        }
    }
    let rgba = match ink {
        Ink::Template => shape.iter().flat_map(|alpha| [0, 0, 0, *alpha]).collect(),
        Ink::Rimmed => shape
            .iter()
            .zip(rim(&shape))
            .flat_map(|(a, r)| over(*a, r))
            .collect(),
    };
    Ok(Image::new_owned(rgba, SIZE, SIZE))
}

/// White of this alpha over black of that one.
fn over(white: u8, black: u8) -> [u8; 4] {
    let alpha = u16::from(white) + u16::from(black) * (255 - u16::from(white)) / 255;
    let level = (u16::from(white) * 255).checked_div(alpha).unwrap_or(0);
    let level = u8::try_from(level).unwrap_or(u8::MAX);
    [level, level, level, u8::try_from(alpha).unwrap_or(u8::MAX)]
}

/// The shape, one pixel fatter, a little fainter.
fn rim(shape: &[u8]) -> Vec<u8> {
    let at = |x: Option<usize>, y: Option<usize>| {
        let (x, y) = (x?, y?);
        if x < WIDTH {
            shape.get(y * WIDTH + x).copied()
        } else {
            None
        }
    };
    (0..PIXELS)
        .map(|i| {
            let (x, y) = (i % WIDTH, i / WIDTH);
            let around = [
                at(x.checked_sub(1), Some(y)),
                at(Some(x + 1), Some(y)),
                at(Some(x), y.checked_sub(1)),
                at(Some(x), Some(y + 1)),
            ];
            around.into_iter().flatten().max().unwrap_or(0) / 5 * 4
        })
        .collect()
}

mod layer {
    macro_rules! png {
        ($name:literal) => {
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/icons/tray/",
                $name,
                ".png"
            ))
        };
    }

    pub const LOAD_HOLLOW: &[u8] = png!("load-hollow");
    pub const LOAD: &[u8] = png!("load");
    pub const FINGER: &[u8] = png!("finger");
    pub const BEAM: &[u8] = png!("beam");
    pub const FULCRUM: &[u8] = png!("fulcrum");
    pub const PAUSED: &[u8] = png!("paused");
    pub const WARNING: &[u8] = png!("warning");
    /// 1 to 9, alone.
    pub const SINGLE: [&[u8]; 9] = [
        png!("single-1"),
        png!("single-2"),
        png!("single-3"),
        png!("single-4"),
        png!("single-5"),
        png!("single-6"),
        png!("single-7"),
        png!("single-8"),
        png!("single-9"),
    ];
    /// 1 to 9, narrower, before another digit.
    pub const LEFT: [&[u8]; 9] = [
        png!("left-1"),
        png!("left-2"),
        png!("left-3"),
        png!("left-4"),
        png!("left-5"),
        png!("left-6"),
        png!("left-7"),
        png!("left-8"),
        png!("left-9"),
    ];
    /// 0 to 9, narrower, after another digit.
    pub const RIGHT: [&[u8]; 10] = [
        png!("right-0"),
        png!("right-1"),
        png!("right-2"),
        png!("right-3"),
        png!("right-4"),
        png!("right-5"),
        png!("right-6"),
        png!("right-7"),
        png!("right-8"),
        png!("right-9"),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tray::summary::{Asking, Waiting};
    use std::collections::HashSet;

    fn drawn(face: Face, ink: Ink) -> Vec<u8> {
        let icon = icon(face, ink).unwrap();
        assert_eq!((icon.width(), icon.height()), (SIZE, SIZE));
        assert_eq!(icon.rgba().len(), PIXELS * 4);
        icon.rgba().to_vec()
    }

    #[test]
    fn every_state_and_every_count_looks_different() {
        let faces = (1..=99)
            .map(Face::Waiting)
            .chain([Face::Idle, Face::Paused, Face::Warning]);
        for ink in [Ink::Rimmed, Ink::Template] {
            let pictures: HashSet<_> = faces.clone().map(|face| drawn(face, ink)).collect();
            assert_eq!(pictures.len(), 102);
        }
    }

    #[test]
    fn from_a_hundred_it_reads_99() {
        assert_eq!(
            drawn(Face::Waiting(100), Ink::Rimmed),
            drawn(Face::Waiting(99), Ink::Rimmed)
        );
    }

    #[test]
    fn the_glyph_has_a_light_core_and_a_dark_rim() {
        let picture = drawn(Face::Paused, Ink::Rimmed);
        let pixels: HashSet<_> = picture.chunks_exact(4).map(<[u8]>::to_vec).collect();
        assert!(pixels.contains(&vec![255, 255, 255, 255]));
        assert!(pixels.iter().any(|p| p[0] == 0 && p[3] > 50));
        assert!(pixels.contains(&vec![0, 0, 0, 0]));
    }

    #[test]
    fn warning_beats_paused_beats_waiting() {
        let mut summary = Summary::default();
        assert_eq!(Face::of(&summary), Face::Idle);
        summary.pairings.push(Asking {
            id: String::new(),
            name: String::new(),
            code: String::new(),
        });
        summary.waiting.push(Waiting {
            id: String::new(),
            does: String::new(),
            to: None,
            more: 0,
            title: String::new(),
            proposed: 0,
        });
        assert_eq!(Face::of(&summary), Face::Waiting(2));
        summary.paused = true;
        assert_eq!(Face::of(&summary), Face::Paused);
        summary.alarms.push("a".to_owned());
        assert_eq!(Face::of(&summary), Face::Warning);
    }
}
