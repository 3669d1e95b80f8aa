// Gives the viewer words to take along: by the clipboard where the browser lets us, else in a field, selected.

/** Copies words, or shows them selected in `field`, an input that is hidden else. Says whether they are copied. */
export async function copyWords(words, field) {
  try {
    // Only a secure context has a clipboard.
    await window.navigator.clipboard.writeText(words);
    field.hidden = true;
    return true;
  } catch {
    field.value = words;
    field.hidden = false;
    field.focus();
    // Who works by keyboard has the keys of the player again.
    field.onkeydown = ({ key }) => key === "Escape" && (field.hidden = true);
    field.select();
    return false;
  }
}
