import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { AccountForm } from "./types/AccountForm";
import type { AccountTest } from "./types/AccountTest";
import type { CeremonyView } from "./types/CeremonyView";
import type { HistoryPage } from "./types/HistoryPage";
import type { Item } from "./types/Item";
import type { PracticeView } from "./types/PracticeView";
import type { ReceiptView } from "./types/ReceiptView";
import type { Refusal } from "./types/Refusal";
import type { SettingsView } from "./types/SettingsView";
import type { Snapshot } from "./types/Snapshot";
import { words } from "./words";

export type View = "queue" | "history" | "settings";
export type Place = { view: View; id: string | null };

/** The app answers these within milliseconds; one that takes so long, in ms, is away. */
const PATIENCE = 5000;

/** An answer that is lost must not keep the window from asking again. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer")), PATIENCE);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export const snapshot = () => inTime(invoke<Snapshot>("snapshot"));
export const item = (id: string) => inTime(invoke<Item>("item", { id }));
export const beginApproval = (id: string) => invoke<CeremonyView>("begin_approval", { id });
export const beginPairing = (id: string) => invoke<CeremonyView>("begin_pairing", { id });
export const beginEnrolment = (label: string) => invoke<CeremonyView>("begin_enrolment", { label });
export const beginPasskeyRevocation = (id: string) =>
  invoke<CeremonyView>("begin_passkey_revocation", { id });
export const cancelCeremony = () => invoke<void>("cancel_ceremony");
export const refusePairing = (id: string) => invoke<void>("refuse_pairing", { id });
export const reject = (id: string, reason: string) => invoke<void>("reject", { id, reason });
export const undo = (id: string) => invoke<void>("undo", { id });
export const settle = (id: string, happened: boolean) => invoke<void>("settle", { id, happened });
export const history = (older: string | null) => invoke<HistoryPage>("history", { older });
export const receipt = (id: string) => invoke<ReceiptView>("receipt", { id });
export const exportReceipt = (id: string) => invoke<string>("export_receipt", { id });
export const settings = () => invoke<SettingsView>("settings");
export const revokeAgent = (id: string) => invoke<void>("revoke_agent", { id });
export const testAccount = (form: AccountForm) => invoke<AccountTest>("test_account", { form });
export const addAccount = (form: AccountForm) => invoke<AccountTest>("add_account", { form });
export const setDefaultAccount = (id: string) => invoke<void>("set_default_account", { id });
export const setPaused = (paused: boolean) => invoke<void>("set_paused", { paused });
export const setAutostart = (on: boolean) => invoke<void>("set_autostart", { on });
export const setExpiryDays = (days: number) => invoke<void>("set_expiry_days", { days });
export const practice = () => invoke<PracticeView>("practice");
export const dismiss = (code: string) => invoke<void>("dismiss", { code });
export const initial = () => invoke<Place>("initial");

export const onChanged = (hear: () => void) => listen<null>("changed", () => hear());
export const onGo = (hear: (place: Place) => void) =>
  listen<Place>("go", (event) => hear(event.payload));

/** What a failed command says; anything but a refusal means that the app itself did not answer. */
export function asRefusal(error: unknown): Refusal {
  return isRefusal(error) ? error : { code: "offline", ...words.offline.refusal };
}

function isRefusal(error: unknown): error is Refusal {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    typeof error.code === "string" &&
    "message" in error &&
    typeof error.message === "string" &&
    "next" in error &&
    typeof error.next === "string"
  );
}
