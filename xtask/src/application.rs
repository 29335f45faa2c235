//! `cargo xtask run`: builds the application and starts it.

use crate::program::{cargo, run as execute, target};
use crate::{Outcome, desktop, node, packages};

/// The application with its window's files inside, for the whole workspace: the
/// same features everywhere let every build use the results of the others.
pub const FEATURES: [&str; 2] = ["--features", "mechanical-advantage/custom-protocol"];

/// Builds the application and the command line, and starts the application.
pub fn run() -> Outcome {
    let display = desktop::has_display();
    if cfg!(target_os = "linux") {
        let mut wanted = packages::BUILD.to_vec();
        if !display {
            wanted.extend(packages::HEADLESS);
        }
        packages::ensure(&wanted)?;
    } else if cfg!(target_os = "macos") {
        println!("macOS needs Apple's command line tools: `xcode-select --install`.");
    } else if cfg!(windows) {
        println!("Windows needs Microsoft's C++ build tools, and WebView2, which Windows 11 has.");
    }
    node::ensure()?;
    node::install()?;
    node::script("build")?;
    let packages = ["mechanical-advantage", "ma-cli", "ma-receipt"];
    let chosen = packages.iter().flat_map(|name| ["--package", name]);
    execute(cargo(&["build", "--bins"]).args(chosen).args(FEATURES))?;

    let folder = target().join("debug");
    let binary = folder.join(format!(
        "mechanical-advantage{}",
        std::env::consts::EXE_SUFFIX
    ));
    println!();
    println!("The application: {}", binary.display());
    println!("The command line `ma` is beside it:");
    if cfg!(windows) {
        println!("  set PATH={};%PATH%", folder.display());
    } else {
        println!("  export PATH=\"{}:$PATH\"", folder.display());
    }
    for (name, address) in desktop::addresses() {
        println!("{name}: {address}");
    }
    if !display {
        println!("There is no display: the window is drawn where nobody sees it.");
    }
    println!("Ctrl-C ends it.");
    execute(&mut desktop::start(&binary, display))
}
