//! Text for places that draw it as they like: tray menus and notifications.

/// One line: nothing that moves or hides other characters, single spaces.
pub fn line(text: &str) -> String {
    text.chars()
        .filter(|c| !is_invisible(*c))
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// One line of at most `most` characters; a longer one ends with an ellipsis.
pub fn short(text: &str, most: usize) -> String {
    let text = line(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_or_hide_text_is_gone() {
        assert_eq!(line("a\u{202E}b\u{200B}c\u{7}\n d\t e"), "abc d e");
    }

    #[test]
    fn only_what_is_too_long_ends_with_an_ellipsis() {
        assert_eq!(short("Friday", 6), "Friday");
        assert_eq!(short("Friday noon", 8), "Friday…");
        assert_eq!(short("ääääää", 4), "äää…");
    }
}
