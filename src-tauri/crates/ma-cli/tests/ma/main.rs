//! The `ma` command against a small server on loopback.

#[cfg(test)]
mod login;
#[cfg(test)]
mod server;
#[cfg(test)]
mod text;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod use_of_it;
