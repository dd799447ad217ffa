/** The chat's page. It keeps trying to connect, so that a switch shows as it happens. */
export const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1" />
  <title>Chat</title>
  <style>
    :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --accent: #1463ff; --off: #c62828; }
    body { margin: 0 auto; max-width: 40rem; height: 100dvh; display: flex; flex-direction: column; }
    header { display: flex; align-items: center; gap: .75rem; padding: 1rem; }
    h1 { font-size: 1.1rem; margin: 0; flex: 1; }
    #state { font-size: .85rem; }
    #state::before { content: '●'; margin-right: .4rem; color: var(--off); }
    #state.open::before { color: #2e9e4f; }
    ol { flex: 1; overflow-y: auto; list-style: none; margin: 0; padding: 0 1rem; }
    li { margin: .35rem 0; padding: .4rem .75rem; border-radius: .75rem; width: fit-content; background: #8882; }
    li.event { background: none; font-size: .85rem; opacity: .7; padding: 0; }
    form { display: flex; gap: .5rem; padding: 1rem; }
    input, button { font: inherit; padding: .5rem .75rem; border-radius: .5rem; border: 1px solid #8886; }
    input { flex: 1; min-width: 0; }
    button { background: var(--accent); color: #fff; border-color: transparent; }
    :disabled { opacity: .5; }
  </style>
  <header><h1>Chat</h1><span id="state" role="status">connecting…</span></header>
  <ol id="lines" aria-live="polite"></ol>
  <form id="form">
    <input id="text" aria-label="Message" placeholder="Say something" autocomplete="off" maxlength="500" />
    <button id="send">Send</button>
  </form>
  <script>
    const byId = (id) => document.getElementById(id);
    let socket;

    function show(text, kind = '') {
      const line = byId('lines').appendChild(document.createElement('li'));
      line.className = kind;
      line.textContent = text;
      line.scrollIntoView();
    }

    function setState(text, open) {
      if (byId('state').textContent !== text) show(text, 'event');
      byId('state').textContent = text;
      byId('state').className = open ? 'open' : '';
      byId('text').disabled = byId('send').disabled = !open;
    }

    function join() {
      socket = new WebSocket(location.origin.replace(/^http/, 'ws'));
      socket.onopen = () => setState('connected', true);
      socket.onmessage = ({ data }) => show(data);
      socket.onclose = ({ code, reason }) => {
        setState(code === 1006 ? 'no connection' : 'closed: ' + code + ' ' + reason, false);
        setTimeout(join, 2000);
      };
    }

    byId('form').onsubmit = (event) => {
      event.preventDefault();
      if (byId('text').value) socket.send(byId('text').value);
      byId('text').value = '';
    };
    join();
  </script>
</html>
`;
