/** What runs in the page: the slider chooses the moment, and a node shows its detail. It asks for nothing beyond the page. */
export const SCRIPT = `
'use strict';
const slider = document.getElementById('time');
const moment = document.getElementById('moment');
const detail = document.getElementById('detail');
const frames = [...document.querySelectorAll('[data-frame]')];
const events = [...document.querySelectorAll('.log li')];
const messages = [...document.querySelectorAll('.message')];
const log = document.querySelector('.log');
const moments = slider.dataset.moments.split(' ').map(Number);
const show = () => {
  const position = Number(slider.value);
  const current = moments[2 * position];
  const at = moments[2 * position + 1];
  frames.forEach((frame, index) => { frame.hidden = index !== current; });
  for (const event of events) {
    const number = Number(event.dataset.at);
    event.classList.toggle('later', number > at);
    event.classList.toggle('now', number === at);
    if (number === at) log.scrollTop = event.offsetTop - log.offsetTop - log.clientHeight / 2;
  }
  for (const message of messages) message.classList.toggle('later', Number(message.dataset.at) > at);
  moment.textContent = 'Event ' + at + ', step ' + (current + 1) + ' of ' + frames.length + ': ' + frames[current].dataset.title;
  slider.setAttribute('aria-valuetext', moment.textContent);
};
const tell = (event) => {
  const node = event.target instanceof Element ? event.target.closest('.node') : null;
  if (node) detail.textContent = node.dataset.name + '. ' + node.dataset.detail;
};
slider.addEventListener('input', show);
document.addEventListener('focusin', tell);
document.addEventListener('pointerover', tell);
document.addEventListener('click', tell);
show();
`;
