// Runs in the fresh project: open() with the backend that is named, and what it said. Its last line is JSON.
import { open } from 'trustlet';

const [backend] = process.argv.slice(2);
try {
  const vsm = open({ backend });
  const { name, fallback } = vsm.backend;
  console.log(JSON.stringify({ name, fallback }));
  vsm.close();
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }));
}
