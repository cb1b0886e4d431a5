// Asks a person for the token of the service.

/**
 * Makes a dialog ask for the token.
 *
 * @param {HTMLDialogElement} dialog with a form that has a field `token`, a button `cancel` and a
 *     paragraph `problem`.
 * @returns {function(boolean): Promise<?string>} asks; gets whether a token was refused before.
 */
export function tokenDialog(dialog) {
  const form = dialog.querySelector("form");
  dialog.querySelector(".cancel").addEventListener("click", () => dialog.close());
  return (refused) =>
    new Promise((resolve) => {
      const problem = refused ? "The service refused this token." : "";
      dialog.querySelector(".problem").textContent = problem;
      form.reset();
      let token = null;
      form.onsubmit = (event) => {
        event.preventDefault();
        token = form.elements.token.value.trim();
        dialog.close();
      };
      dialog.addEventListener("close", () => resolve(token || null), { once: true });
      dialog.showModal();
    });
}
