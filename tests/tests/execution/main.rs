//! What was approved is carried out once or not at all, whatever the mail
//! server, the disk and the power do.

#[cfg(unix)]
mod crash;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod dovecot;
#[cfg(unix)]
mod living;
mod message;
mod pushed;
mod smtp;
#[cfg(unix)]
mod storm;
