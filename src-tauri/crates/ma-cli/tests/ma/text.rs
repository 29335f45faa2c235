//! The words that a person reviews.

use crate::server::ma;
use std::fmt::Write as _;

#[test]
fn the_help_is_as_reviewed() {
    let mut text = String::new();
    for command in [
        "",
        "auth",
        "auth login",
        "auth status",
        "connections list",
        "email send",
        "queue",
        "queue list",
        "queue get",
        "queue wait",
        "queue withdraw",
    ] {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let ran = ma(&args, &[]);
        assert_eq!(ran.code, 0);
        writeln!(text, "$ ma {}\n{}", args.join(" "), ran.out).unwrap();
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn wrong_usage_is_as_reviewed() {
    let home = tempfile::tempdir().unwrap();
    let variables = [("MA_HOME", home.path().to_str().unwrap())];
    let mut text = String::new();
    for args in [
        &[] as &[&str],
        &["email", "send", "--subject", "s"],
        &["email", "delete"],
        &["queue", "wait", "p-1", "--timeout", "soon"],
        &["queue", "list", "--limit", "1000"],
        &["queue", "get", "--format", "json"],
        &["queue", "list"],
        &["queue", "list", "--format", "json"],
    ] {
        let ran = ma(args, &variables);
        assert!(ran.code == 2 || ran.code == 7);
        writeln!(
            text,
            "$ ma {}\n{}{}[exit {}]\n",
            args.join(" "),
            ran.out,
            ran.err,
            ran.code
        )
        .unwrap();
    }
    insta::assert_snapshot!("usage", text);
}

#[test]
fn no_command_destroys() {
    use std::collections::BTreeSet;
    let help = ["", "auth", "connections", "email", "queue"].map(|command| {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        ma(&args, &[]).out
    });
    let words: BTreeSet<String> = help
        .iter()
        .flat_map(|text| text.split_whitespace().map(str::to_lowercase))
        .collect();
    for word in [
        "delete",
        "destroy",
        "purge",
        "trash",
        "erase",
        "reset",
        "disconnect",
        "approve",
    ] {
        assert!(!words.contains(word), "{word}");
    }
}
