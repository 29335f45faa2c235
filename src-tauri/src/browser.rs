//! The default browser, for the one page that we serve.

use ma_engine::Browser;
use webbrowser::BrowserOptions;

/// The default browser of the desktop; on Linux `$BROWSER` comes first.
#[derive(Debug)]
pub struct DefaultBrowser;

impl Browser for DefaultBrowser {
    fn open(&self, url: &str) -> Result<(), String> {
        if !url.starts_with("http://localhost:") {
            return Err("only the approval page is opened".to_owned());
        }
        webbrowser::open_browser_with_options(
            webbrowser::Browser::Default,
            url,
            BrowserOptions::new().with_suppress_output(true),
        )
        .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_approval_page_is_opened() {
        for other in [
            "https://localhost:28002/",
            "http://localhost.test/",
            "file:///etc/passwd",
        ] {
            assert!(DefaultBrowser.open(other).is_err(), "{other}");
        }
    }
}
