//! The environment, read once.

use std::{collections::BTreeMap, path::PathBuf};

/// The variables that `ma` was started with.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable that is there and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// Where the key is kept.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match self.var("MA_HOME") {
            Some(home) => Some(PathBuf::from(home).join("cli")),
            None => dirs::config_dir().map(|folder| folder.join("mechanical-advantage")),
        }
    }

    /// The proxy for a host that is not loopback.
    pub(crate) fn proxy(&self, host: &str) -> Option<&str> {
        let spared = self.var("NO_PROXY").or_else(|| self.var("no_proxy"));
        if spared.is_some_and(|list| list.split(',').any(|pattern| spares(pattern, host))) {
            return None;
        }
        ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
            .into_iter()
            .find_map(|name| self.var(name))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(
            variables
                .into_iter()
                .map(|(k, v)| (k.into(), v.into()))
                .collect(),
        )
    }
}

fn spares(pattern: &str, host: &str) -> bool {
    let pattern = pattern.trim().to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    if pattern == "*" {
        return true;
    }
    let name = pattern.trim_start_matches('*').trim_start_matches('.');
    !name.is_empty() && (host == name || host.ends_with(&format!(".{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spared_host_goes_around_the_proxy() {
        let environment = Environment::from_iter([
            ("http_proxy", "http://proxy.test:8080"),
            ("NO_PROXY", "a.test, .b.test,*.c.test"),
        ]);
        for host in ["a.test", "x.a.test", "b.test", "x.b.test", "X.C.test"] {
            assert_eq!(environment.proxy(host), None, "{host}");
        }
        for host in ["host.openshell.internal", "aa.test", "test"] {
            assert_eq!(
                environment.proxy(host),
                Some("http://proxy.test:8080"),
                "{host}"
            );
        }
    }
}
