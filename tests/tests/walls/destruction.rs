//! Nothing here destroys anything: no route, no command, no statement, no verb.

use crate::source::{files, read, root, without_tests};
use ma_tests::house::House;
use std::collections::BTreeSet;

/// Words of taking away, as verbs of a route, a command or an action.
const DESTROYS: [&str; 17] = [
    "delete",
    "remove",
    "destroy",
    "erase",
    "purge",
    "drop",
    "trash",
    "wipe",
    "clear",
    "truncate",
    "unlink",
    "discard",
    "expunge",
    "empty",
    "overwrite",
    "forget",
    "kill",
];

fn destroys(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| DESTROYS.contains(&word))
}

#[test]
fn no_route_destroys() {
    let mut all = 0;
    for route in ma_api::routes() {
        assert!(["GET", "POST"].contains(&route.method), "{route:?}");
        assert!(
            !destroys(route.path) && !destroys(route.operation),
            "{route:?}"
        );
        all += 1;
    }
    for (method, path, what) in ma_page::ROUTES {
        assert!(["GET", "POST"].contains(&method), "{method} {path}");
        assert!(!destroys(path) && !destroys(what), "{path}: {what}");
        all += 1;
    }
    assert!(all >= 14, "{all}");
    assert!(
        destroys("/v1/proposals/delete") && destroys("remove_key"),
        "the scan can fail"
    );
}

/// What `ma` prints for these arguments and `--help`.
fn help(path: &[String]) -> String {
    let args = ["ma".to_owned()]
        .into_iter()
        .chain(path.iter().cloned())
        .chain(["--help".to_owned()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let environment = ma_cli::Environment::default();
    let code = ma_cli::run(
        args,
        &environment,
        &mut std::io::empty(),
        &mut out,
        &mut err,
    );
    assert_eq!(code, 0, "{path:?}: {}", String::from_utf8_lossy(&err));
    String::from_utf8(out).unwrap()
}

/// Every command below this one, from its help.
fn commands(path: &[String], into: &mut Vec<(Vec<String>, String)>) {
    let text = help(path);
    let listed = text.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let names = listed
        .lines()
        .take_while(|l| l.starts_with("  "))
        .filter_map(|l| {
            let name = l.strip_prefix("  ")?.split(' ').next()?;
            (!name.is_empty() && name != "help").then(|| name.to_owned())
        });
    for name in names {
        let below: Vec<String> = path.iter().cloned().chain([name]).collect();
        commands(&below, into);
    }
    into.push((path.to_vec(), text));
}

#[test]
fn no_command_destroys_or_approves() {
    let mut all = Vec::new();
    commands(&[], &mut all);
    let words: BTreeSet<String> = all.iter().map(|(path, _)| path.join(" ")).collect();
    for leaf in [
        "auth login",
        "email send",
        "queue withdraw",
        "queue wait",
        "connections list",
    ] {
        assert!(words.contains(leaf), "{words:?}");
    }
    for (path, text) in all {
        let name = path.join(" ");
        assert!(!destroys(&name), "{name}");
        assert!(
            !name.contains("approve") && !name.contains("confirm"),
            "{name}"
        );
        let options = text.split_whitespace().filter(|w| w.starts_with("--"));
        for option in options {
            assert!(!destroys(option), "{name} {option}");
            for shortcut in ["--yes", "--force", "--approve", "--no-"] {
                assert!(!option.starts_with(shortcut), "{name} {option}");
            }
        }
    }
}

/// The words that a statement may begin with.
const MAY_BEGIN: [&str; 11] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "CREATE",
    "PRAGMA",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "END",
];

/// Every other word that SQLite takes as the beginning of a statement.
const MAY_NOT_BEGIN: [&str; 11] = [
    "DELETE", "DROP", "REPLACE", "VACUUM", "TRUNCATE", "ALTER", "ATTACH", "DETACH", "REINDEX",
    "ANALYZE", "WITH",
];

/// What in this text would destroy, if it were given to the database.
fn destructive_sql(text: &str) -> Option<String> {
    // A trigger is the one place where a statement names what it forbids.
    let text = text
        .lines()
        .map(|l| l.split("--").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n");
    let mut rest = String::new();
    for statement in text.split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let upper = words.join(" ").to_ascii_uppercase();
        if upper.starts_with("CREATE TRIGGER") {
            if !upper.contains("RAISE(ABORT") {
                return Some(statement.to_owned());
            }
            continue;
        }
        let first = words.first().copied().unwrap_or_default();
        if MAY_NOT_BEGIN.contains(&first) {
            return Some(statement.to_owned());
        }
        rest.push_str(&upper);
        rest.push(';');
    }
    let forbidden = [
        "DELETE FROM",
        "DROP TABLE",
        "DROP INDEX",
        "DROP TRIGGER",
        "OR REPLACE",
        "REPLACE INTO",
        "VACUUM INTO",
        "TRUNCATE TABLE",
        "WRITABLE_SCHEMA",
        "ALTER TABLE",
        "ATTACH DATABASE",
    ];
    forbidden
        .iter()
        .find(|f| rest.contains(**f))
        .map(|_| text.clone())
}

#[test]
fn no_statement_destroys() {
    let engine = root().join("src-tauri/crates/ma-engine/src");
    let mut statements = 0;
    for path in files(&engine, &["rs", "sql"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let texts = if path.extension().is_some_and(|e| e == "sql") {
            vec![text]
        } else {
            read(without_tests(&text)).1
        };
        for text in texts {
            assert_eq!(destructive_sql(&text), None, "{}", path.display());
            let first = text
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned();
            statements += usize::from(MAY_BEGIN.contains(&first.as_str()));
        }
    }
    assert!(statements > 25, "only {statements} statements were found");
}

#[test]
fn a_statement_that_destroys_would_be_found() {
    for source in [
        r#"c.execute("DELETE FROM log", [])?;"#,
        r#"c.execute("delete from log", [])?;"#,
        "c.execute(\"DELETE\\n   FROM log\", [])?;",
        "c.execute_batch(\"BEGIN; DROP TABLE log; COMMIT\")?;",
        "c.execute(\"INSERT OR REPLACE INTO log VALUES (1)\", [])?;",
        "c.execute(r#\"REPLACE INTO log VALUES (1)\"#, [])?;",
        "c.execute(&format!(\"DELETE FROM {table}\"), [])?;",
        "c.execute(\"VACUUM INTO 'x'\", [])?;",
        "c.execute(\"CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END\", [])?;",
        "c.execute(\"WITH x AS (SELECT 1) DELETE FROM log\", [])?;",
    ] {
        let found = read(source)
            .1
            .iter()
            .any(|text| destructive_sql(text).is_some());
        assert!(found, "{source}");
    }
    let allowed =
        "CREATE TRIGGER log_stands BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'no'); END;";
    assert_eq!(destructive_sql(allowed), None);
    assert_eq!(destructive_sql("SELECT a FROM b WHERE c = 'deleted'"), None);
}

#[test]
fn no_file_is_removed_by_the_engine_but_its_own_leftovers() {
    let engine = root().join("src-tauri/crates/ma-engine/src");
    let mut found = Vec::new();
    for path in files(&engine, &["rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let (code, _) = read(without_tests(&text));
        for call in [
            "remove_file",
            "remove_dir",
            "remove_dir_all",
            "delete_credential",
            "set_len",
            ".truncate(true)",
        ] {
            if code.contains(call) {
                let name = path.strip_prefix(&engine).unwrap().display().to_string();
                found.push(format!("{name}: {call}"));
            }
        }
    }
    assert_eq!(found, REMOVES, "a review has to see each of them");
}

/// The places where the engine may remove or shorten a file: its own half-written one.
const REMOVES: [&str; 1] = ["home.rs: remove_file"];

#[test]
fn no_verb_destroys() {
    let text =
        std::fs::read_to_string(root().join("src-tauri/crates/ma-core/src/action.rs")).unwrap();
    let text = without_tests(&text);
    let (_, rest) = text.split_once("pub enum Action {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let verbs: Vec<&str> = body
        .split("rename = \"")
        .skip(1)
        .map(|r| r.split('"').next().unwrap())
        .collect();
    assert_eq!(
        verbs,
        ["email.send"],
        "a new verb: can it take something away?"
    );
    let variants = body
        .lines()
        .filter(|l| l.starts_with("    ") && l.trim_end().ends_with("),"))
        .count();
    assert_eq!(variants, verbs.len(), "{body}");
    assert!(verbs.iter().all(|verb| !destroys(verb)));
    // The words before a person that do revoke, take a right away and say so.
    assert!(destroys("email.delete"));
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_is_refused_on_every_route_and_the_way_out_is_named() {
    let house = House::ready().await;
    let agent = house.agent("Claude").await;
    let id = agent.propose_mail("mara@practice.test", "Friday").await;
    let mut asked = 0;
    for route in ma_api::routes() {
        let url = format!("{}{}", house.door(), route.path.replace("{id}", &id));
        for key in [Some(&agent.token), None] {
            let mut request = house.http.delete(&url);
            if let Some(key) = key {
                request = request.bearer_auth(key);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 405, "{url}");
            let allow = response.headers()["allow"].to_str().unwrap().to_owned();
            assert!(
                allow.contains(route.method) && !allow.contains("DELETE"),
                "{url}: {allow}"
            );
            let problem: serde_json::Value = response.json().await.unwrap();
            assert_eq!(problem["code"], "nothing_is_deleted", "{url}");
            let next = problem["next"].as_str().unwrap();
            assert!(
                next.contains("rchive") && next.contains("withdraw"),
                "{next}"
            );
            asked += 1;
        }
    }
    assert!(asked >= 18);
    for method in ["PUT", "PATCH", "OPTIONS", "TRACE", "PURGE"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}/v1/proposals/{id}", house.door());
        let response = house
            .http
            .request(method.clone(), url)
            .bearer_auth(&agent.token);
        assert_eq!(response.send().await.unwrap().status(), 405, "{method}");
    }
    assert_eq!(agent.state(&id).await, "pending");
}
