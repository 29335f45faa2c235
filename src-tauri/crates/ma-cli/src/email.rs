//! `ma email`.

use crate::{
    args::{Email, Send},
    door::Session,
    environment::Environment,
    failure::{Failure, exit},
    output::Output,
    queue::wait,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ma_protocol::{
    Action, Attachment, EmailSend, EmailSendType, MAX_ATTACHMENT_BYTES, NewProposal, Proposal,
    Recipient, path,
};
use std::{fs, io::Read, path::Path};

const MAX_TEXT: u64 = 1 << 20;

pub(crate) fn run(
    command: Email,
    environment: &Environment,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    match command {
        Email::Send(send) => propose(*send, environment, stdin, output),
    }
}

fn propose(
    send: Send,
    environment: &Environment,
    stdin: &mut dyn Read,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let session = Session::open(environment)?;
    let (waits, timeout) = (send.wait, send.timeout);
    let wanted = proposal(send, stdin)?;
    let queued: Proposal = session.post(path::PROPOSALS, &wanted)?;
    if !waits {
        output.proposal(&queued, &queued.id);
        return Ok(exit::DONE);
    }
    if !output.is_quiet() {
        output.note(&format!(
            "{} {}: waiting for the human",
            queued.id, queued.state
        ));
    }
    let ended = wait(&session, &queued.id, timeout)?;
    output.proposal(&ended, ended.state.name());
    Ok(exit::of(ended.state))
}

fn proposal(send: Send, stdin: &mut dyn Read) -> Result<NewProposal, Failure> {
    let recipients = |list: Vec<String>| list.iter().map(|text| recipient(text)).collect();
    let text = if send.text == "-" {
        read_text(stdin)?
    } else {
        send.text
    };
    Ok(NewProposal {
        action: Action::EmailSend(EmailSend {
            kind: EmailSendType::EmailSend,
            account: send.account,
            to: recipients(send.to),
            cc: recipients(send.cc),
            bcc: recipients(send.bcc),
            subject: send.subject,
            text: text.replace("\r\n", "\n"),
            attachments: attachments(&send.attach)?,
        }),
        reason: send.reason,
        revises: send.revises,
        expires_in: send.expires_in.map(|d| d.as_secs()),
    })
}

/// `mara@practice.test` or `Mara Olsen <mara@practice.test>`. The app checks what it is.
fn recipient(text: &str) -> Recipient {
    let text = text.trim();
    match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
        None => Recipient {
            address: text.to_owned(),
            name: None,
        },
        Some((name, address)) => {
            let name = name.trim().trim_matches('"').trim();
            Recipient {
                address: address.to_owned(),
                name: (!name.is_empty()).then(|| name.to_owned()),
            }
        }
    }
}

fn read_text(stdin: &mut dyn Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    stdin
        .take(MAX_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage("text", format!("The text cannot be read: {error}.")))?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(Failure::usage("too_long", "The text is longer than 1 MiB."));
    }
    String::from_utf8(bytes).map_err(|_| Failure::usage("not_utf_8", "The text is not UTF-8."))
}

fn attachments(paths: &[impl AsRef<Path>]) -> Result<Vec<Attachment>, Failure> {
    let mut total = 0;
    for path in paths {
        let path = path.as_ref();
        let about = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !about.is_file() {
            return Err(unreadable(path, &"it is not a file"));
        }
        total += about.len();
    }
    too_large(total)?;
    let mut read = 0;
    let mut attachments = Vec::with_capacity(paths.len());
    for path in paths {
        let path = path.as_ref();
        let bytes = read_file(path, MAX_ATTACHMENT_BYTES + 1 - read)?;
        // A file can grow between the two looks at it.
        read += bytes.len() as u64;
        too_large(read)?;
        let name = path.file_name().and_then(|name| name.to_str());
        attachments.push(Attachment {
            name: name
                .ok_or_else(|| unreadable(path, &"its name is not UTF-8"))?
                .to_owned(),
            media_type: media_type(path),
            content: STANDARD.encode(bytes),
        });
    }
    Ok(attachments)
}

fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

fn media_type(path: &Path) -> String {
    let guess = mime_guess::from_path(path).first_or_octet_stream();
    // A mail inside a mail is not taken; as a file it is.
    if matches!(guess.type_().as_str(), "multipart" | "message") {
        "application/octet-stream".to_owned()
    } else {
        guess.essence_str().to_ascii_lowercase()
    }
}

fn too_large(total: u64) -> Result<(), Failure> {
    if total <= MAX_ATTACHMENT_BYTES {
        return Ok(());
    }
    Err(Failure::new(
        exit::USAGE,
        "attachments_too_large",
        "The attachments are larger than 16 MiB together.",
        "Attach less, or send a link to a document instead.",
    ))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        exit::USAGE,
        "attachment",
        format!("{} cannot be attached: {error}.", path.display()),
        "Give the path of a file that you can read.",
    )
}
