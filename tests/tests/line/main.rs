//! The straight line through the public doors: an agent proposes, a person
//! approves with a passkey, a mail leaves, a receipt proves it.

mod contract;
mod story;
