//! The agents' door, from outside: real sockets, both loopback families, an inbox in memory.

#[cfg(test)]
mod client;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod denials;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod json;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod use_of_it;
