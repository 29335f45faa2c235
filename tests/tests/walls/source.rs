//! The product's own source files, read as text.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Every file below that folder whose name ends so.
pub fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ends));
        } else if ends
            .iter()
            .any(|end| path.extension().is_some_and(|e| e == *end))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Rust source without its tests: up to the test module at its end.
pub fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

/// Rust source without comments, and the contents of its string literals.
pub fn read(source: &str) -> (String, Vec<String>) {
    let chars: Vec<char> = source.chars().collect();
    let (mut code, mut strings) = (String::new(), Vec::new());
    let mut at = 0;
    let starts = |at: usize, text: &str| {
        text.chars()
            .enumerate()
            .all(|(i, c)| chars.get(at + i) == Some(&c))
    };
    while at < chars.len() {
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < chars.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if let Some(hashes) = raw_start(&chars, at) {
            let end = format!("\"{}", "#".repeat(hashes));
            at += hashes + 2;
            let from = at;
            while at < chars.len() && !starts(at, &end) {
                at += 1;
            }
            strings.push(chars[from..at].iter().collect());
            at += end.len();
        } else if chars[at] == '"' {
            at += 1;
            let mut text = String::new();
            while at < chars.len() && chars[at] != '"' {
                if chars[at] == '\\' {
                    at += 1;
                    if chars.get(at) == Some(&'\n') {
                        while chars.get(at + 1).is_some_and(|c| c.is_whitespace()) {
                            at += 1;
                        }
                        at += 1;
                        continue;
                    }
                }
                let escaped = at > 0 && chars[at - 1] == '\\';
                text.push(match (escaped, chars[at]) {
                    (true, 'n' | 'r' | 't') => ' ',
                    (_, c) => c,
                });
                at += 1;
            }
            strings.push(text);
            at += 1;
        } else if chars[at] == '\''
            && (chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\''))
        {
            // A character, not a lifetime.
            at += if chars.get(at + 1) == Some(&'\\') {
                3
            } else {
                2
            };
            while chars.get(at - 1) != Some(&'\'') && chars.get(at) != Some(&'\'') {
                at += 1;
            }
            at += usize::from(chars.get(at - 1) != Some(&'\''));
            if chars.get(at) == Some(&'\'') {
                at += 1;
            }
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    (code, strings)
}

/// How many `#` a raw string has that begins here.
fn raw_start(chars: &[char], at: usize) -> Option<usize> {
    let boundary = at == 0
        || !(chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
        || chars[at - 1] == 'b';
    if chars[at] != 'r' || !boundary {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

#[test]
fn strings_are_found_and_comments_are_not() {
    let source = r##"
        // "a comment"
        let a = "one \" two"; /* "another" */ let b = r#"three "four" "#;
        let c: &'static str = "five"; let d = ['"', '\'', '\\', 'x']; let e = b"six";
        let f = "seven \
                 eight"; let g = r"nine"; let h = "ten\neleven";
    "##;
    let (code, strings) = read(source);
    assert_eq!(
        strings,
        [
            "one \" two",
            "three \"four\" ",
            "five",
            "six",
            "seven eight",
            "nine",
            "ten eleven"
        ]
    );
    assert!(
        !code.contains("comment") && !code.contains("another"),
        "{code}"
    );
    assert!(code.contains("'static str"), "{code}");
}
